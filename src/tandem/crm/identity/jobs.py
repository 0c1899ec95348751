"""Forgetting what has had its time."""

from datetime import timedelta

from tandem.crm.identity.domain.sessions import SESSIONS_KEPT
from tandem.crm.identity.store import guarding, proofs, sessions, tokens
from tandem.kernel.actor import INSTALLATION, Actor
from tandem.kernel.jobs import Work, every

PROOFS_KEPT = timedelta(days=1)
BUCKETS_KEPT = timedelta(days=1)
"""Every bucket is full again long before."""


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
