"""Settings: who works leads, when, how many at most, and who is away."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.sales.domain.reps import Availability, NewAbsence
from tandem.crm.sales.service import reps
from tandem.flows import assign_leads
from tandem.kernel.calendars import Calendar, Hours
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form, whole_of
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
HOME = "/settings/availability"
WEEK = tuple(
    enumerate(
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), start=1
    )
)


class AvailabilityPage(Controller):
    path = HOME
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        return await _page(request, tx, now)

    @post("/{user_id:uuid}")
    async def set_hours(
        self, request: AnyRequest, user_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        people = await assign_leads.directory(tx)
        try:
            cap = form.get("lead_cap", "")
            given = Availability(
                hours=_hours(form, people.zone),
                lead_cap=whole_of(cap, field="lead_cap", least=0, most=10_000) if cap else None,
            )
            await reps.set_availability(tx, user_id, given, people, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form=f"hours-{user_id}")
            return await _page(request, tx, now, problem, refusal.status)
        return redirect(request, HOME, toast="The hours are saved.")

    @post("/{user_id:uuid}/absences")
    async def leave(
        self, request: AnyRequest, user_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        """Whole days of the company's time zone, the last one too."""
        form = await read_form(request)
        people = await assign_leads.directory(tx)
        try:
            zone = ZoneInfo(people.zone)
            last = _day(form, "until_on")
            new = NewAbsence(
                from_at=datetime.combine(_day(form, "from_on"), time.min, zone),
                until_at=datetime.combine(last + timedelta(days=1), time.min, zone),
                note=form.get("note", "")[:200],
            )
            await reps.add_absence(tx, user_id, new, people, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form=f"away-{user_id}")
            return await _page(request, tx, now, problem, refusal.status)
        return redirect(request, HOME, toast="No lead comes meanwhile.")

    @post("/{user_id:uuid}/absences/{absence_id:uuid}/removal")
    async def back(
        self,
        request: AnyRequest,
        user_id: FromPath[UUID],
        absence_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
    ) -> Response[Any]:
        people = await assign_leads.directory(tx)
        await reps.remove_absence(tx, user_id, absence_id, people, now=now)
        return redirect(request, HOME, toast="They are there again.")


def _hours(form: Mapping[str, str], zone: str) -> Calendar | None:
    """Of no day at all means whenever leads come."""
    hours = []
    for day, name in WEEK:
        opens, closes = form.get(f"opens_{day}", ""), form.get(f"closes_{day}", "")
        if not opens and not closes:
            continue
        if not opens or not closes:
            raise Invalid(f"{name} needs both times, or none.", field=f"opens_{day}")
        given = {"weekday": day, "opens": opens, "closes": "24:00" if closes == "00:00" else closes}
        hours.append(convert(given, Hours, {}))
    return Calendar(time_zone=zone, hours=hours) if hours else None


def _day(form: Mapping[str, str], name: str) -> date:
    try:
        return date.fromisoformat(form.get(name, ""))
    except ValueError as reason:
        raise Invalid("Choose the days.", field=name) from reason


async def _page(
    request: AnyRequest, tx: Tx, now: datetime, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    people = await assign_leads.directory(tx)
    desks = await reps.list_desks(tx, people, now=now)
    return page(
        request,
        "console/settings/availability.html",
        status=status,
        desks=desks,
        hours={
            desk.rep.id: {one.weekday: one for one in desk.availability.hours.hours}
            for desk in desks
            if desk.availability.hours is not None
        },
        week=WEEK,
        problem=problem,
    )
