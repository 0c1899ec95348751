"""When a campaign stops itself: too many errors, bounces or complaints."""

import msgspec

from tandem.crm.marketing.domain.campaigns import Limits

JUDGED_FROM = 50
TOO_FEW = 3
"""Messages that must have an end before a share says anything; and fewer of a kind than that never
stop a campaign."""


class Ends(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages came to which end so far. `sent` counts delivered ones too."""

    sent: int = 0
    failed: int = 0
    bounced: int = 0
    complained: int = 0

    @property
    def whole(self) -> int:
        return self.sent + self.failed + self.bounced + self.complained


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` is errors, bounces or complaints; `says` is for the owner."""

    reason: str
    says: str


def why_stop(ends: Ends, limits: Limits) -> Stop | None:
    """The first limit reached, worst first; None while all is well or too little is known."""
    if ends.whole < JUDGED_FROM:
        return None
    for reason, count, limit in (
        ("complaints", ends.complained, limits.complaints),
        ("bounces", ends.bounced, limits.bounces),
        ("errors", ends.failed, limits.errors),
    ):
        if count >= TOO_FEW and count * 100 >= limit * ends.whole:
            share = count * 100 / ends.whole
            says = f"{count:,} of {ends.whole:,} messages ({share:.1f} %) ended as {reason}"
            return Stop(reason=reason, says=f"{says}; the limit is {limit} %.")
    return None


def since(so_far: Ends, before: Ends) -> Ends:
    """What has come to an end after `before` was counted; late news may take from a sum."""
    return Ends(
        sent=max(0, so_far.sent - before.sent),
        failed=max(0, so_far.failed - before.failed),
        bounced=max(0, so_far.bounced - before.bounced),
        complained=max(0, so_far.complained - before.complained),
    )
