"""Who may try now: buckets by account, browser and network; the owner's browser has its own."""

from datetime import datetime
from uuid import UUID

import msgspec
import structlog

from tandem.crm.identity.domain import hash_of
from tandem.crm.identity.domain.guarding import (
    BY_ACCOUNT,
    BY_BROWSER,
    BY_NETWORK,
    BY_REGION,
    Allowance,
    TooManyTries,
    network_of,
    region_of,
    subject_of,
)
from tandem.crm.identity.domain.sessions import Visitor
from tandem.crm.identity.service import notices
from tandem.crm.identity.store import guarding as guarding_store
from tandem.kernel.db import Tx

log = structlog.get_logger()


class Try(msgspec.Struct, frozen=True):
    """What was drawn for one try; given back when it succeeds."""

    drawn: list[tuple[Allowance, bytes]]
    is_known_browser: bool


async def admit(
    own: Tx,
    *,
    what: str,
    account: str,
    person_id: UUID | None,
    visitor: Visitor,
    now: datetime,
    by_account: Allowance = BY_ACCOUNT,
) -> Try:
    """Count a try before it is made, so that parallel ones count too. Refuses with TooManyTries.

    A browser that signed in to this account before draws on a bucket of its own and on no other:
    whoever guesses from elsewhere cannot lock its owner out.
    """
    is_known = await is_known_browser(own, person_id, visitor, now)
    if is_known:
        drawn = [(BY_BROWSER, subject_of(f"{what}:{visitor.device}:{person_id}"))]
    else:
        drawn = [
            (by_account, subject_of(f"{what}:{account}")),
            (BY_NETWORK, subject_of(network_of(visitor.address))),
            (BY_REGION, subject_of(region_of(visitor.address))),
        ]
    left = [await draw(own, allowance, subject, now=now) for allowance, subject in drawn]
    if not is_known and left[0] < 1:
        await _warn(own, what, account, person_id, now)
    return Try(drawn, is_known)


async def _warn(own: Tx, what: str, account: str, person_id: UUID | None, now: datetime) -> None:
    """That was the last try for the moment: whose account it is hears of it."""
    if what == "password":
        await notices.warn_of_passwords(own, account, now=now)
    elif person_id is not None:
        await notices.warn_of_codes(own, person_id, now=now)


async def draw(own: Tx, allowance: Allowance, subject: bytes, *, now: datetime) -> float:
    """What is left of the bucket. Refuses with TooManyTries when it is empty."""
    left = await guarding_store.take(own, allowance, subject, now=now)
    if left is None:
        log.warning("too_many_tries", kind=allowance.kind, subject=subject.hex())
        refusal = TooManyTries(
            f"Too many tries. Wait a little ({allowance.wait_seconds} s for one more).",
            retry_after_seconds=allowance.wait_seconds,
        )
        refusal.headers = {"retry-after": str(allowance.wait_seconds)}
        raise refusal
    return left


async def give_back(own: Tx, tried: Try) -> None:
    """It was right: no guess."""
    for allowance, subject in tried.drawn:
        await guarding_store.give_back(own, allowance, subject)


async def is_known_browser(
    own: Tx, person_id: UUID | None, visitor: Visitor, now: datetime
) -> bool:
    """Asks the database for strangers too, so that both take as long."""
    held = await guarding_store.knows_browser(
        own, hash_of(visitor.device), person_id or UUID(int=0), now=now
    )
    return held and bool(visitor.device)


async def remember_browser(own: Tx, person_id: UUID, visitor: Visitor, *, now: datetime) -> None:
    if visitor.device:
        await own.run(
            guarding_store.KEEP_BROWSER,
            token_hash=hash_of(visitor.device),
            person_id=person_id,
            now=now,
        )
