"""How far a device's clock is off, measured from what it sends."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

import msgspec

KEPT = 9
SKEW_MIN = timedelta(seconds=5)
"""Below this it is network delay, and correcting would only add noise."""
AHEAD_SAMPLES_MIN = 3
STEADY_SAMPLES_MIN = 5
STEADY_SPREAD_MS = 10_000
STEADY_SPAN_MS = 60_000


class Sample(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Server minus device, once per upload. `is_sent_at`: the device said what its clock showed on
    sending; otherwise it is the newest fix of the upload, which may just be old."""

    received_ms: int
    offset_ms: int
    is_sent_at: bool


def take(
    samples: Sequence[Sample],
    *,
    received_at: datetime,
    sent_at: datetime | None,
    newest_at: datetime,
) -> list[Sample]:
    """The last few samples including this upload's."""
    shown = sent_at or newest_at
    offset_ms = round((received_at - shown) / timedelta(milliseconds=1))
    fresh = Sample(round(received_at.timestamp() * 1000), offset_ms, sent_at is not None)
    return [*samples, fresh][-KEPT:]


def skew_of(samples: Sequence[Sample]) -> timedelta:
    """What to add to the device's times: the median of server minus device, or nothing.

    Without `sent_at` a slow clock looks like a late upload. It is believed only when the lag stays
    the same for a minute: a queue that is being emptied catches up while it is watched. A fast
    clock is easier: nobody has been in the future, so three samples are enough.
    """
    stated = [sample.offset_ms for sample in samples if sample.is_sent_at]
    if stated:
        return _worth(median(stated))
    offsets = [sample.offset_ms for sample in samples]
    if len(offsets) < AHEAD_SAMPLES_MIN:
        return timedelta()
    middle = median(offsets)
    if middle < 0 or _is_steady(samples):
        return _worth(middle)
    return timedelta()


def _is_steady(samples: Sequence[Sample]) -> bool:
    recent = samples[-STEADY_SAMPLES_MIN:]
    offsets = [sample.offset_ms for sample in recent]
    return (
        len(recent) == STEADY_SAMPLES_MIN
        and max(offsets) - min(offsets) <= STEADY_SPREAD_MS
        and recent[-1].received_ms - recent[0].received_ms >= STEADY_SPAN_MS
    )


def _worth(offset_ms: float) -> timedelta:
    skew = timedelta(milliseconds=offset_ms)
    return skew if abs(skew) >= SKEW_MIN else timedelta()
