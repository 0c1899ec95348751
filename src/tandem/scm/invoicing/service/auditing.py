"""The proof that a series is whole: no number missing, none twice, nothing changed since."""

import re
from typing import Literal

import msgspec

from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid
from tandem.scm.invoicing.domain.seals import seal
from tandem.scm.invoicing.store import audits as store

BATCH = 500
CHECKED_MAX = 5_000
_YEAR = re.compile(r"(?:20)?(\d{2})-(\d{2})")


class MissingNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """Both inclusive. A gap in a series that is never deleted from has one cause: a hand."""

    first_seq: int
    last_seq: int
    explanation: str


class NumberAudit(msgspec.Struct, frozen=True, kw_only=True):
    """`is_whole` when every number up to the counter has its document and every hash is right.

    Content is checked from `after_seq` for at most 5,000 documents; `next_after_seq` is where to go
    on, None when the end was reached. Gaps and broken links are looked for in the whole series, and
    the first 100 of each are listed.
    """

    series: str
    fy: str
    issued: int
    first_seq: int
    last_seq: int
    counter: int
    missing: list[MissingNumbers]
    broken_links: list[str]
    changed: list[str]
    content_checked: int
    next_after_seq: int | None
    last_hash: str
    is_whole: bool


async def audit_numbers(
    tx: Tx, *, series: Literal["INV", "CRN"], fy: str, after_seq: int = 0
) -> NumberAudit:
    """Audit one series of one financial year (`2026-27` or `26-27`)."""
    tx.actor.require_everywhere("invoicing.read")
    year = parse_year(fy)
    facts = await store.read_series(tx, series=series, fy=year)
    counter = facts["taken"] or facts["last_seq"]
    gaps = await store.list_gaps(tx, series=series, fy=year, taken=counter)
    links = await store.list_broken_links(tx, series=series, fy=year)
    changed, checked, last_seq, last_hash = await _check_content(tx, series, year, after_seq)
    is_at_end = last_seq >= facts["last_seq"] or not checked
    return NumberAudit(
        series=series,
        fy=year,
        issued=facts["issued"],
        first_seq=facts["first_seq"],
        last_seq=facts["last_seq"],
        counter=counter,
        missing=[_explained(first, last, facts["last_seq"]) for first, last in gaps],
        broken_links=links,
        changed=changed,
        content_checked=checked,
        next_after_seq=None if is_at_end else last_seq,
        last_hash=last_hash,
        is_whole=not (gaps or links or changed) and counter == facts["issued"],
    )


def parse_year(fy: str) -> str:
    found = _YEAR.fullmatch(fy)
    if found is None or int(found[2]) != (int(found[1]) + 1) % 100:
        raise Invalid("A financial year looks like 2026-27.", field="fy")
    return f"20{found[1]}-{found[2]}"


async def _check_content(
    tx: Tx, series: str, fy: str, after_seq: int
) -> tuple[list[str], int, int, str]:
    """Numbers whose stored columns no longer make their hash; how many were read, up to where."""
    changed: list[str] = []
    checked, last_seq, last_hash = 0, after_seq, ""
    while checked < CHECKED_MAX:
        rows = await store.read_sealed(tx, series=series, fy=fy, after_seq=last_seq, count=BATCH)
        for row in rows:
            if seal(row["prev_hash"], row) != row["hash"]:
                changed.append(row["number"])
        checked += len(rows)
        if rows:
            last_seq, last_hash = rows[-1]["seq"], rows[-1]["hash"]
        if len(rows) < BATCH:
            break
    return changed[:100], checked, last_seq, last_hash


def _explained(first: int, last: int, last_issued: int) -> MissingNumbers:
    explanation = (
        "The counter stands higher than the last document: rows were removed by the owner."
        if first > last_issued
        else "Rows were removed or renumbered by the database's owner: the app cannot do either."
    )
    return MissingNumbers(first_seq=first, last_seq=last, explanation=explanation)
