"""Forgetting what has had its time."""

from contextlib import suppress
from datetime import timedelta

from tandem.crm.identity.domain.sessions import SESSIONS_KEPT
from tandem.crm.identity.service import domains
from tandem.crm.identity.store import guarding, proofs, sessions, tokens
from tandem.kernel.actor import INSTALLATION, Actor
from tandem.kernel.errors import Refusal
from tandem.kernel.jobs import Work, every
from tandem.kernel.names import Names

PROOFS_KEPT = timedelta(days=1)
BUCKETS_KEPT = timedelta(days=1)
"""Every bucket is full again long before."""


@every(3600, "identity.check_domains")
async def check_domains(work: Work) -> None:
    """Each claim once a day. Silence changes nothing, and neither does what was taken meanwhile."""
    async with work.transaction() as tx:
        if not await domains.is_due(tx, now=work.now()):
            return
        actor = tx.actor
    with suppress(Refusal):
        await domains.check(work.database, work.get(Names), actor, now=work.now())


@every(3600, "identity.forget")
async def forget(work: Work) -> None:
    """Of the installation; run in each company's turn, and doing it twice changes nothing."""
    now = work.now()
    async with work.database.transaction(Actor.system(INSTALLATION)) as own:
        await own.run(sessions.FORGET_SESSIONS, before=now - SESSIONS_KEPT)
        await own.run(proofs.FORGET_PROOFS, before=now - PROOFS_KEPT)
        await own.run(tokens.FORGET_ACCESS, before=now - PROOFS_KEPT)
        await own.run(guarding.FORGET_BUCKETS, before=now - BUCKETS_KEPT)
        await own.run(guarding.FORGET_BROWSERS, before=now - guarding.BROWSER_LIFE)
