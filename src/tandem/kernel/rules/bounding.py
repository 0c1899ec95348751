"""A rule's statement may take so long and no longer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tandem.kernel.cut_short import CutShort, limited
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid


class RuleTooSlow(Invalid):
    """The answer would take too long; the transaction is over."""

    code = "rule_too_slow"


@asynccontextmanager
async def bounded(tx: Tx, *, seconds: float) -> AsyncIterator[None]:
    try:
        async with limited(tx, seconds=seconds):
            yield
    except CutShort as reason:
        raise RuleTooSlow(
            "Finding everybody takes too long. Ask for less, or narrow it first.", field="rule"
        ) from reason
