"""How long an e-way bill is valid (CGST Rules r.138(10))."""

from datetime import datetime, time, timedelta

KM_PER_DAY = 200
KM_PER_DAY_OUTSIZED = 20


def valid_until(made_at: datetime, *, distance_km: int, is_outsized: bool = False) -> datetime:
    """The last minute of the last day, in the local time of `made_at`.

    One day for each 200 km or part of it, 20 km for over-dimensional cargo, and each day ends at
    the midnight after the one it began in.
    """
    assert distance_km > 0, "goods that do not move need no e-way bill"
    per_day = KM_PER_DAY_OUTSIZED if is_outsized else KM_PER_DAY
    last_day = made_at.date() + timedelta(days=-(-distance_km // per_day))
    return datetime.combine(last_day, time(23, 59), tzinfo=made_at.tzinfo)
