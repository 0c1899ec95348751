"""Whose a domain is: asked of the domain name system with no transaction open, then recorded."""

from datetime import datetime, timedelta

from tandem.crm.identity.domain.sso import Claim, DomainTaken, Provider
from tandem.crm.identity.store import sso as store
from tandem.kernel import audit
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import NotFound, Unavailable
from tandem.kernel.names import Names, NamesUnanswered

CHECKED_EVERY = timedelta(days=1)
LAPSES_AFTER = timedelta(days=7)
"""A zone that moves may lose a record for a while; a domain that was let go is another's."""


async def check(database: Database, names: Names, actor: Actor, *, now: datetime) -> Provider:
    """Look for the record of each claim. Refuses what another company has shown to be theirs
    (DomainTaken), and with Unavailable where nobody answers; then nothing has changed."""
    actor.require("identity.settings")
    async with database.transaction(actor) as tx:
        provider = await _provider(tx)
    try:
        told = {one.domain: await names.texts(one.record_name) for one in provider.claims}
    except NamesUnanswered as reason:
        raise Unavailable("The domain name system does not answer. Try again later.") from reason
    for claim in provider.claims:
        if claim.record_text in told[claim.domain] and claim.proved_at is None:
            other = await store.provider_of_domain(database, claim.domain)
            if other is not None and other.company_id != actor.org_id:
                raise DomainTaken(f"{claim.domain} is another company's.", field="domains")
    async with database.transaction(actor) as tx:
        for claim in provider.claims:
            await _record(tx, provider, claim, told[claim.domain], now)
        return await _provider(tx)


async def is_due(tx: Tx, *, now: datetime) -> bool:
    """Whether a claim was not looked at for a day."""
    return await tx.value(store.DUE_CLAIMS, before=now - CHECKED_EVERY) is not None


async def _provider(tx: Tx) -> Provider:
    found = await store.find_provider(tx)
    if found is None:
        raise NotFound("There is no provider yet.")
    return found


async def _record(
    tx: Tx, provider: Provider, claim: Claim, texts: list[str], now: datetime
) -> None:
    is_there = claim.record_text in texts
    if is_there:
        # The token as it was asked for: a claim made anew meanwhile has another one.
        await tx.run(store.PROVED, domain=claim.domain, text=claim.record_text, now=now)
    else:
        await tx.run(store.MISSING, domain=claim.domain, now=now, lapsed_before=now - LAPSES_AFTER)
    after = next((one for one in (await _provider(tx)).claims if one.domain == claim.domain), claim)
    if (after.proved_at is None) != (claim.proved_at is None):
        await audit.write(
            tx,
            action="sign_in_domain.proved" if after.proved_at else "sign_in_domain.lapsed",
            subject_kind="sign_in_provider",
            subject_id=provider.id,
            now=now,
            after={"domain": claim.domain},
        )
