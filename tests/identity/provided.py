"""A company with a provider of its own: set up, left for, come back from."""

from datetime import datetime
from uuid import UUID

from tandem.crm.identity.domain.sessions import SignedIn
from tandem.crm.identity.domain.sso import Pending
from tandem.crm.identity.domain.strength import Expected
from tandem.crm.identity.gateways.oidc import OpenIdGateway
from tandem.crm.identity.service import domains, sso
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.identity.doors import browser
from tests.identity.openid import CLIENT_ID, CLIENT_SECRET, go_through
from tests.identity.zone import Zone

SITE = "http://tandem.test"
BACK = f"{SITE}{sso.CALLBACK}"


def domain_of(actor: Actor) -> str:
    return f"d{actor.org_id.hex}.test"


async def set_up(
    database: Database,
    gateway: OpenIdGateway,
    actor: Actor,
    issuer: str,
    now: datetime,
    *,
    is_proved: bool = True,
    expects: Expected = Expected(),
) -> UUID:
    metadata = await gateway.discover(issuer)
    async with database.transaction(actor) as tx:
        saved = await sso.save_provider(
            tx,
            metadata,
            name="Head office",
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            domains=[domain_of(actor)],
            expects=expects,
            now=now,
        )
    if is_proved:
        await domains.check(database, Zone(saved.claims), actor, now=now)
    return saved.id


async def return_with(
    database: Database, gateway: OpenIdGateway, token: str, told: dict[str, str]
) -> tuple[SignedIn | None, Pending]:
    return await sso.come_back(
        database,
        gateway,
        token=token,
        state=told.get("state", ""),
        code=told.get("code", ""),
        issuer=told.get("iss"),
        error=told.get("error"),
        base_url=SITE,
        visitor=browser(),
        now=database.clock.now(),
    )


async def sign_in(
    database: Database,
    gateway: OpenIdGateway,
    provider: UUID,
    who: str,
    *,
    is_test: bool = False,
    is_fresh: bool = False,
) -> SignedIn | None:
    left = await sso.leave(
        database,
        gateway,
        provider,
        base_url=SITE,
        to="/",
        now=database.clock.now(),
        is_test=is_test,
        is_fresh=is_fresh,
    )
    told = await go_through(left.to, who, back=BACK)
    return (await return_with(database, gateway, left.token, told))[0]
