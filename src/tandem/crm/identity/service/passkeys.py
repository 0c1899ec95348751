"""Passkeys: made by somebody signed in, then good for signing in and for proving anew.

User verification is always required, so a passkey is two factors in one: the device, and its
owner's finger, face or PIN.
"""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.identity.domain.passkeys import (
    PASSKEYS_MAX,
    Credential,
    Passkey,
    RelyingParty,
    TooManyPasskeys,
    WrongPasskey,
)
from tandem.crm.identity.domain.sessions import SignedIn, Visitor
from tandem.crm.identity.service import factors, notices, signing_in
from tandem.crm.identity.service.sessions import check_own_proof, person_of
from tandem.crm.identity.store import passkeys as passkeys_store
from tandem.crm.identity.store import persons as persons_store
from tandem.crm.identity.store import proofs as proofs_store
from tandem.crm.identity.store import sessions as sessions_store
from tandem.kernel import audit
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id

NEW, USE = "passkey_new", "passkey_use"
CHALLENGE_LIFE = timedelta(minutes=5)
UNREADABLE = (ValueError, TypeError, KeyError, IndexError)
"""What the library makes of a browser's answer that is none, beside its own exceptions."""


async def registration_options(tx: Tx, party: RelyingParty, *, now: datetime) -> dict[str, Any]:
    """What the browser needs to make a passkey. Refuses whoever did not sign in just now."""
    import webauthn  # with its certificates 5 MB, for the first passkey
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    person_id = person_of(tx.actor)
    tx.actor.require_fresh(now)
    async with tx.installation() as own:
        await check_own_proof(own, tx.actor)
        person = await persons_store.find_person(own, person_id=person_id)
        assert person, "an actor's person is there"
        held = await passkeys_store.credentials_of(own, person_id)
        if len(held) >= PASSKEYS_MAX:
            raise TooManyPasskeys(f"You have {PASSKEYS_MAX} passkeys. Remove one first.")
        options = webauthn.generate_registration_options(
            rp_id=party.id,
            rp_name="Tandem",
            user_id=person_id.bytes,
            user_name=person.email,
            user_display_name=tx.actor.label or person.email,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=one.credential_id) for one in held
            ],
        )
        await _remember(own, NEW, options.challenge, person_id, now)
    return _as_dict(options)


async def add_passkey(
    tx: Tx, party: RelyingParty, *, credential: Credential, name: str, now: datetime
) -> list[str]:
    """Keep a new passkey; recovery codes, shown once, when it is the first factor."""
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException
    from webauthn.helpers.structs import CredentialDeviceType

    person_id = person_of(tx.actor)
    tx.actor.require_fresh(now)
    async with tx.installation() as own:
        await check_own_proof(own, tx.actor)
        challenge = await _challenge_of(own, NEW, credential, person_id=person_id, now=now)
        try:
            made = webauthn.verify_registration_response(
                credential=_plain(credential),
                expected_challenge=challenge,
                expected_rp_id=party.id,
                expected_origin=party.origin,
                require_user_verification=True,
            )
        except (WebAuthnException, *UNREADABLE) as reason:
            raise WrongPasskey from reason
        added = await own.run(
            passkeys_store.INSERT_PASSKEY,
            id=new_id(),
            person_id=person_id,
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            name=name.strip()[:60] or "Passkey",
            transports=credential.response.transports,
            is_backup_eligible=made.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
            is_backed_up=made.credential_backed_up,
            now=now,
        )
        if not added:
            raise WrongPasskey
        codes = await factors.ensure_recovery_codes(own, person_id, now=now)
        if tx.actor.session_id:
            await own.run(
                sessions_store.STRENGTHEN_SESSION, id=tx.actor.session_id, person_id=person_id
            )
        await notices.notify(own, person_id, "A passkey was added to your account.")
    await _note(tx, "factor.added", now)
    return codes


async def list_passkeys(tx: Tx) -> list[Passkey]:
    person_id = person_of(tx.actor)
    async with tx.installation() as own:
        return await passkeys_store.list_passkeys(own, person_id)


async def remove_passkey(tx: Tx, passkey_id: UUID, *, now: datetime) -> None:
    person_id = person_of(tx.actor)
    tx.actor.require_fresh(now)
    async with tx.installation() as own:
        await check_own_proof(own, tx.actor)
        removed = await own.run(passkeys_store.DELETE_PASSKEY, id=passkey_id, person_id=person_id)
        if not removed:
            raise NotFound("There is no such passkey of yours.")
        await factors.drop_codes_without_factor(own, person_id)
        await notices.notify(own, person_id, "A passkey was removed from your account.")
    await _note(tx, "factor.removed", now)


async def sign_in_options(
    database: Database, party: RelyingParty, *, now: datetime
) -> dict[str, Any]:
    """The same for everybody: the device knows whose passkeys it has, we need not be asked."""
    import webauthn
    from webauthn.helpers.structs import UserVerificationRequirement

    options = webauthn.generate_authentication_options(
        rp_id=party.id, user_verification=UserVerificationRequirement.REQUIRED
    )
    async with database.transaction(signing_in.DOORKEEPER) as own:
        await _remember(own, USE, options.challenge, None, now)
    return _as_dict(options)


async def sign_in_with_passkey(
    database: Database,
    party: RelyingParty,
    *,
    credential: Credential,
    visitor: Visitor,
    now: datetime,
) -> SignedIn:
    """Two factors in one. WrongPasskey says nothing of why."""
    person_id = await _prove(database, party, credential, now)
    async with database.transaction(signing_in.DOORKEEPER) as own:
        person = await persons_store.find_person(own, person_id=person_id)
        assert person, "persons are not deleted while they have passkeys"
        entered = await signing_in.enter(
            own, person, method="passkey", visitor=visitor, now=now, is_enough=True
        )
    assert isinstance(entered, SignedIn), "a passkey is enough"
    return entered


async def step_up_with_passkey(
    database: Database, actor: Actor, party: RelyingParty, *, credential: Credential, now: datetime
) -> str:
    """Prove anew with one's own passkey; the session's new token."""
    if await _prove(database, party, credential, now) != person_of(actor):
        raise WrongPasskey
    return await factors.renew_session(database, actor, method="passkey", is_strong=True, now=now)


async def _prove(
    database: Database, party: RelyingParty, credential: Credential, now: datetime
) -> UUID:
    """Whose passkey signed a challenge of ours, which is used up whatever the result."""
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    async with database.transaction(signing_in.DOORKEEPER) as own:
        challenge = await _challenge_of(own, USE, credential, person_id=None, now=now)
        held = await passkeys_store.find_passkey(own, _bytes(credential.rawId))
    if held is None:
        raise WrongPasskey
    try:
        shown = webauthn.verify_authentication_response(
            credential=_plain(credential),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=held.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except (WebAuthnException, *UNREADABLE) as reason:
        raise WrongPasskey from reason
    handle = credential.response.userHandle
    if handle and _bytes(handle) != held.person_id.bytes:
        raise WrongPasskey
    async with database.transaction(signing_in.DOORKEEPER) as own:
        is_newer = await own.run(
            passkeys_store.USED_PASSKEY,
            id=held.id,
            sign_count=shown.new_sign_count,
            is_backed_up=shown.credential_backed_up,
            now=now,
        )
        is_copy = not is_newer or (held.sign_count > 0 and shown.new_sign_count == 0)
        if is_copy:
            await notices.notify(
                own, held.person_id, "Somebody tried to sign in with a copy of your passkey."
            )
    if is_copy:
        raise WrongPasskey
    return held.person_id


async def _remember(
    own: Tx, purpose: str, challenge: bytes, person_id: UUID | None, now: datetime
) -> None:
    await own.run(
        proofs_store.INSERT_PROOF,
        id=new_id(),
        purpose=purpose,
        person_id=person_id,
        browser_hash=None,
        secret_hash=signing_in.hash_of_bytes(challenge),
        data={},
        tries_max=1,
        now=now,
        expires_at=now + CHALLENGE_LIFE,
    )


async def _challenge_of(
    own: Tx, purpose: str, credential: Credential, *, person_id: UUID | None, now: datetime
) -> bytes:
    """The challenge that the browser says it signed, if it is ours, fresh and never used."""
    try:
        told = msgspec.json.decode(_bytes(credential.response.clientDataJSON), type=_Challenge)
    except (msgspec.MsgspecError, UnicodeDecodeError) as reason:
        raise WrongPasskey from reason
    challenge = _bytes(told.challenge)
    proof = await proofs_store.try_proof(
        own, purpose, secret_hash=signing_in.hash_of_bytes(challenge), now=now
    )
    if proof is None or proof.person_id != person_id:
        raise WrongPasskey
    await proofs_store.use_proof(own, proof.id, now=now)
    return challenge


class _Challenge(msgspec.Struct):
    challenge: str


def _bytes(text: str) -> bytes:
    from webauthn.helpers import base64url_to_bytes

    try:
        return base64url_to_bytes(text)
    except ValueError as reason:
        raise WrongPasskey from reason


def _plain(credential: Credential) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(credential)
    return plain


def _as_dict(options: Any) -> dict[str, Any]:
    import webauthn

    found: dict[str, Any] = json.loads(webauthn.options_to_json(options))
    return found


async def _note(tx: Tx, action: str, now: datetime) -> None:
    assert tx.actor.user_id, "somebody who signed in has a membership"
    await audit.write(
        tx,
        action=action,
        subject_kind="user",
        subject_id=tx.actor.user_id,
        now=now,
        after={"kind": "passkey"},
    )
