"""How strongly and how recently a company's provider knew somebody, as far as it says so.

What it does not say is not believed: one factor, and long ago (OWASP ASVS 5.0, V6.8.4). Only where
it is silent, a company may vouch for it.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from tandem.kernel.patterns import whole

ACRS_MAX = 10
HOURS_MAX = 14 * 24
SILENT_AGE = timedelta(days=1)
"""Who is vouched for without a time was last seen so long ago: sensitive acts ask again."""
LEEWAY = timedelta(seconds=60)
KNOWN, HELD, BEING = (
    frozenset({"pwd", "pin", "kba"}),
    frozenset({"otp", "sms", "tel", "hwk", "swk", "sc", "pop"}),
    frozenset({"face", "fpt", "iris", "retina", "vbm"}),
)
"""What is known, what is held and what one is, of the methods of RFC 8176."""
TWO_FACTORS = frozenset({"mfa"})
SAID_MAX = 10

Acr = Annotated[str, msgspec.Meta(max_length=200, pattern=whole(r"[!-~]+"))]


class Expected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the company expects of its provider. The classes of `strong_acrs` are asked for and
    count as two factors. Nobody comes in whom the provider has not looked at within
    `seen_within_hours`. `assumes_two_factors`: where it says nothing of how, it was with two."""

    strong_acrs: Annotated[list[Acr], msgspec.Meta(max_length=ACRS_MAX)] = []
    seen_within_hours: Annotated[int, msgspec.Meta(ge=1, le=HOURS_MAX)] | None = None
    assumes_two_factors: bool = False

    def max_age_seconds(self, *, is_fresh: bool) -> int:
        """Always asked for: only then does a provider have to say when (OpenID Connect Core 1.0,
        s.3.1.2.1)."""
        return 0 if is_fresh else 3600 * (self.seen_within_hours or HOURS_MAX)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer of the provider says of how and when it saw who it is."""

    acr: str | None = None
    amr: list[str] = []
    seen_at: datetime | None = None
    has_two_factors: bool = False

    def proved_at(self, now: datetime) -> datetime:
        return min(self.seen_at, now) if self.seen_at else now - SILENT_AGE


def read_told(
    expects: Expected, *, acr: str | None, amr: list[str], auth_time: float | None
) -> Told:
    return Told(
        acr=acr[:200] if acr else None,
        amr=[method[:40] for method in amr[:SAID_MAX]],
        seen_at=datetime.fromtimestamp(auth_time, UTC) if auth_time else None,
        has_two_factors=_has_two(expects, acr, amr),
    )


def what_is_missing(
    expects: Expected, told: Told, *, begun_at: datetime, is_fresh: bool
) -> str | None:
    """What keeps somebody out whom the provider vouches for, in words; None where nothing does."""
    if not is_fresh and expects.seen_within_hours is None:
        return None
    if told.seen_at is None:
        return "it does not say when it last looked who you are"
    oldest = begun_at - timedelta(seconds=expects.max_age_seconds(is_fresh=is_fresh)) - LEEWAY
    return "it looked too long ago who you are" if told.seen_at < oldest else None


def _has_two(expects: Expected, acr: str | None, amr: list[str]) -> bool:
    said = set(amr)
    if acr in expects.strong_acrs or said & TWO_FACTORS:
        return True
    if amr:
        return sum(bool(said & kind) for kind in (KNOWN, HELD, BEING)) > 1
    # A class that is not one of the strong ones, where such are named, says that it was weaker.
    return expects.assumes_two_factors and not (acr and expects.strong_acrs)
