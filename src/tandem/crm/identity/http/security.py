"""My security: password, authenticator app, recovery codes, and proving anew who is asking."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, delete, get, post, put
from litestar.params import FromPath, JSONBody

from tandem.crm.identity.domain import Email, WeakPassword
from tandem.crm.identity.domain.codes import WrongCode
from tandem.crm.identity.domain.guarding import TooManyTries
from tandem.crm.identity.domain.passkeys import (
    Credential,
    Passkey,
    RelyingParty,
    TooManyPasskeys,
    WrongPasskey,
)
from tandem.crm.identity.http.sessions import DOOR, Accepted, Code, Session, opened
from tandem.crm.identity.service import factors, mailed, passkeys
from tandem.crm.identity.service.factors import Enrolment, Factors, NothingBegun, WrongPassword
from tandem.crm.identity.service.mailed import LinkGone
from tandem.crm.identity.sessions import cookies_of, visitor_of
from tandem.kernel.actor import StepUpNeeded
from tandem.kernel.errors import Forbidden, NotFound
from tandem.kernel.http import Acting, Now, Store, Transaction, refusals
from tandem.kernel.http.access import WITHOUT_FACTOR

AnyRequest = Request[Any, Any, Any]
Password = Annotated[str, msgspec.Meta(max_length=256)]
OWN: dict[str, Any] = {"idempotency": "own"}
"""Answers with secrets in them are not kept for a repeat."""


class Asked(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    email: Email


class Chosen(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    token: Annotated[str, msgspec.Meta(min_length=20, max_length=100)]
    password: Password


class PasswordChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    old: Password
    new: Password


class Typed(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    code: Code


class ProofAgain(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A passkey, or a code where there is a second factor, else the password."""

    password: Password = ""
    code: Annotated[str, msgspec.Meta(max_length=64)] = ""
    credential: Credential | None = None


class Shown(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    credential: Credential


class NewPasskey(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    credential: Credential


class RecoveryCodes(msgspec.Struct, kw_only=True):
    """Shown this once."""

    recovery_codes: list[str]


class SecurityController(Controller):
    path = "/v1"
    tags = ("identity",)
    opt = WITHOUT_FACTOR

    @post("/password-resets", status_code=202, opt=DOOR, responses=refusals(TooManyTries))
    async def ask_for_reset(
        self, data: JSONBody[Asked], request: AnyRequest, database: Store, now: Now
    ) -> Accepted:
        """Have a link to a new password mailed. The answer is the same for every address."""
        await mailed.ask_for_reset(database, email=data.email, visitor=visitor_of(request), now=now)
        return Accepted()

    @post(
        "/password-resets/use",
        status_code=204,
        opt=DOOR,
        responses=refusals(LinkGone, WeakPassword),
    )
    async def reset_password(self, data: JSONBody[Chosen], database: Store, now: Now) -> None:
        """Set a new password with the token of a mailed link. All sessions end."""
        await mailed.reset_password(database, token=data.token, password=data.password, now=now)

    @put(
        "/me/password",
        status_code=204,
        responses=refusals(Forbidden, WrongPassword, WeakPassword, TooManyTries),
    )
    async def change_password(
        self,
        data: JSONBody[PasswordChange],
        request: AnyRequest,
        actor: Acting,
        database: Store,
        now: Now,
    ) -> None:
        """Change your password. Your other sessions end."""
        await factors.change_password(
            database, actor, old=data.old, new=data.new, visitor=visitor_of(request), now=now
        )

    @post(
        "/me/proofs",
        status_code=204,
        opt=OWN,
        responses=refusals(Forbidden, WrongPassword, WrongCode, WrongPasskey, TooManyTries),
    )
    async def step_up(
        self,
        data: JSONBody[ProofAgain],
        request: AnyRequest,
        actor: Acting,
        database: Store,
        now: Now,
    ) -> Response[None]:
        """Prove anew that it is you, for acts that ask for it. The session gets a new token."""
        visitor = visitor_of(request)
        if data.credential:
            token = await passkeys.step_up_with_passkey(
                database, actor, party_of(request), credential=data.credential, now=now
            )
        else:
            token = await factors.step_up(
                database, actor, password=data.password, code=data.code, visitor=visitor, now=now
            )
        return Response(None, status_code=204, cookies=cookies_of(request, token, visitor))

    @get("/me/factors", responses=refusals(Forbidden))
    async def read_factors(self, tx: Transaction) -> Factors:
        """What you sign in with."""
        return await factors.read_factors(tx)

    @post("/me/time-code", opt=OWN, responses=refusals(Forbidden, StepUpNeeded))
    async def begin_time_code(self, tx: Transaction, now: Now) -> Enrolment:
        """A secret for an authenticator app. It counts once a code of it is confirmed."""
        return await factors.begin_time_code(tx, now=now)

    @post(
        "/me/time-code/confirmation",
        opt=OWN,
        responses=refusals(Forbidden, StepUpNeeded, WrongCode, NothingBegun),
    )
    async def confirm_time_code(
        self, data: JSONBody[Typed], tx: Transaction, now: Now
    ) -> RecoveryCodes:
        """The app's first code. The answer holds your recovery codes, this once."""
        codes = await factors.confirm_time_code(tx, code=data.code, now=now)
        return RecoveryCodes(recovery_codes=codes)

    @delete("/me/time-code", status_code=204, responses=refusals(Forbidden, StepUpNeeded, NotFound))
    async def remove_time_code(self, tx: Transaction, now: Now) -> None:
        """Sign in without the app from now on."""
        await factors.remove_time_code(tx, now=now)

    @post("/me/recovery-codes", opt=OWN, responses=refusals(Forbidden, StepUpNeeded))
    async def renew_recovery_codes(self, tx: Transaction, now: Now) -> RecoveryCodes:
        """Ten new recovery codes, shown this once; the old ones are dead."""
        return RecoveryCodes(recovery_codes=await factors.renew_recovery_codes(tx, now=now))


class PasskeyController(Controller):
    path = "/v1"
    tags = ("identity",)
    opt = WITHOUT_FACTOR

    @post("/passkey-options", opt=DOOR)
    async def sign_in_options(
        self, request: AnyRequest, database: Store, now: Now
    ) -> dict[str, Any]:
        """For `navigator.credentials.get`; the same for everybody, good for five minutes."""
        return await passkeys.sign_in_options(database, party_of(request), now=now)

    @post("/sessions/passkey", opt=DOOR, responses=refusals(WrongPasskey))
    async def sign_in(
        self, data: JSONBody[Shown], request: AnyRequest, database: Store, now: Now
    ) -> Response[Session]:
        """Sign in with a passkey: it is two factors in one."""
        visitor = visitor_of(request)
        outcome = await passkeys.sign_in_with_passkey(
            database, party_of(request), credential=data.credential, visitor=visitor, now=now
        )
        return opened(request, outcome, visitor)

    @get("/me/passkeys", responses=refusals(Forbidden))
    async def list_passkeys(self, tx: Transaction) -> list[Passkey]:
        """Your passkeys, the oldest first."""
        return await passkeys.list_passkeys(tx)

    @post(
        "/me/passkey-options",
        opt=OWN,
        responses=refusals(Forbidden, StepUpNeeded, TooManyPasskeys),
    )
    async def registration_options(
        self, request: AnyRequest, tx: Transaction, now: Now
    ) -> dict[str, Any]:
        """For `navigator.credentials.create`; good for five minutes."""
        return await passkeys.registration_options(tx, party_of(request), now=now)

    @post("/me/passkeys", opt=OWN, responses=refusals(Forbidden, StepUpNeeded, WrongPasskey))
    async def add_passkey(
        self, data: JSONBody[NewPasskey], request: AnyRequest, tx: Transaction, now: Now
    ) -> RecoveryCodes:
        """Keep a new passkey. With the first factor come recovery codes, shown this once."""
        codes = await passkeys.add_passkey(
            tx, party_of(request), credential=data.credential, name=data.name, now=now
        )
        return RecoveryCodes(recovery_codes=codes)

    @delete(
        "/me/passkeys/{passkey_id:uuid}",
        status_code=204,
        responses=refusals(Forbidden, StepUpNeeded, NotFound),
    )
    async def remove_passkey(self, passkey_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        """The passkey no longer signs in."""
        await passkeys.remove_passkey(tx, passkey_id, now=now)


def party_of(request: AnyRequest) -> RelyingParty:
    return RelyingParty.of(request.app.state.settings.base_url)
