"""Days by name, and the weeks, quarters and years they are put into."""

from datetime import date

import pytest

from tandem.crm.analytics.domain.asking import Ask
from tandem.crm.analytics.domain.calendar import Days, Period, days_of
from tandem.crm.analytics.domain.schedules import Schedule
from tandem.crm.analytics.domain.subscriptions import SubscriptionDraft, check
from tandem.kernel.errors import Invalid
from tandem.kernel.ids import new_id

SUNDAY = date(2026, 3, 1)
SPANS = {
    "yesterday": ("2026-02-28", "2026-02-28"),
    "last_7_days": ("2026-02-23", "2026-03-01"),
    "this_week": ("2026-02-23", "2026-03-01"),
    "last_week": ("2026-02-16", "2026-02-22"),
    "this_month": ("2026-03-01", "2026-03-01"),
    "last_month": ("2026-02-01", "2026-02-28"),
    "this_quarter": ("2026-01-01", "2026-03-01"),
    "last_quarter": ("2025-10-01", "2025-12-31"),
    "this_year": ("2026-01-01", "2026-03-01"),
    "last_year": ("2025-01-01", "2025-12-31"),
    "this_fiscal_year": ("2025-04-01", "2026-03-01"),
    "last_fiscal_year": ("2024-04-01", "2025-03-31"),
}


def test_days_by_name_are_those_of_the_calendar() -> None:
    for name, (begins, ends) in SPANS.items():
        meant = Days(from_on=date.fromisoformat(begins), to_on=date.fromisoformat(ends))
        assert days_of(Period(name), SUNDAY) == meant, name
    for name, first in (("this_week", SUNDAY), ("last_week", date(2026, 2, 22))):
        assert days_of(Period(name), SUNDAY, "sunday").from_on == first


def test_a_schedule_in_a_zone_that_there_is_none_of_is_refused() -> None:
    for zone in ("Mars/Base", "GMT+5", "America/Argentina", "posix/UTC", "EST"):
        draft = SubscriptionDraft(
            name="x",
            query=Ask(measures=["orders"]),
            schedule=Schedule(zone=zone),
            recipients=[new_id()],
        )
        with pytest.raises(Invalid) as refused:
            check(draft)
        assert refused.value.field == "schedule.zone", zone
