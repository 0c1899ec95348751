"""Settings of the delivery promise: working days, cut-offs, holidays, days on the road."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
from litestar import Controller, Request, Response, get, post

from tandem.contracts.shipping import Promise, PromiseAsk
from tandem.kernel.company import find_zone
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction, check_if_match
from tandem.scm.shipping import service as shipping
from tandem.scm.shipping.domain.calendars import Calendar, Closure
from tandem.scm.shipping.domain.configuration import (
    Configuration,
    CutOff,
    Floor,
    Origin,
    Reattempts,
    TransitDays,
)
from tandem.scm.shipping.domain.coverage import Coverage
from tandem.web.clocks import zone_options
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form, whole_of
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
WEEK = (
    (1, "Monday"),
    (2, "Tuesday"),
    (3, "Wednesday"),
    (4, "Thursday"),
    (5, "Friday"),
    (6, "Saturday"),
    (7, "Sunday"),
)
ZONES = {
    "A": "Same city",
    "B": "Same state",
    "C": "Metro to metro",
    "D": "Rest of India",
    "E": "North-east, Kashmir, islands",
    "X": "Abroad",
}
SERVED = {
    "all": (True, True),
    "prepaid": (True, False),
    "cash": (False, True),
    "nothing": (False, False),
}
"""What is delivered to a PIN: the word of the form, and whether paid before and at the door."""
ELSEWHERE = "elsewhere"
CALENDARS = (("origin", "We pack"), ("carrier", "Parcels travel"), ("delivery", "We deliver"))
WORDS: Mapping[str, str] = {
    "at": "A time such as 14:00.",
    "name": "Give the place a name.",
    "time_zone": "Name a time zone such as Asia/Kolkata.",
}


class PromiseSettings(Controller):
    path = "/settings/promise"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        return await _page(request, tx, now)

    @post()
    async def save(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            check_if_match(form.get("version"), await shipping.lock_settings(tx))
            before = (await shipping.get_settings(tx)).configuration
            await shipping.save_settings(tx, _read(form, before), now=now)
        except Refusal as refusal:
            return await _page(request, tx, now, problem_of(refusal, form), refusal.status)
        return redirect(request, "/settings/promise", toast="New orders are promised by this.")


async def _page(
    request: AnyRequest,
    tx: Tx,
    now: Any,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    tx.actor.require("shipping.read")
    plan = await shipping.get_settings(tx)
    samples = {pin: await _sample(tx, pin, now) for pin in ("560001", "400001", "781001")}
    zone = await find_zone(tx)
    values = _values(plan.configuration)
    if not plan.version:
        values["time_zone"] = zone
    return page(
        request,
        "console/settings/promise.html",
        status=status,
        values=problem.values or values,
        time_zones=zone_options(values["time_zone"], zone),
        version=plan.version,
        problem=problem,
        week=WEEK,
        zones=ZONES,
        calendars=CALENDARS,
        samples=samples,
    )


async def _sample(tx: Tx, pin: str, now: Any) -> Promise | None:
    """What somebody who buys this moment is promised."""
    ask = PromiseAsk(postal_code=pin, purchased_at=now)
    try:
        return (await shipping.promise(tx, [ask], now=now))[0]
    except Refusal:
        return None


def _values(configuration: Configuration) -> dict[str, str]:
    origin = configuration.origins[0]
    values = {
        "origin_name": origin.name,
        "time_zone": origin.time_zone,
        "handling_days": str(origin.handling_days),
        "before_cut_off_days": str(configuration.floor.before_cut_off_days),
        "after_cut_off_days": str(configuration.floor.after_cut_off_days),
    }
    again = configuration.reattempts
    values["attempts_max"] = str(again.attempts_max if again.is_automatic else 0)
    values |= {f"cut_off_{each.weekday}": each.at for each in origin.cut_offs}
    values |= {f"transit_{z}": str(getattr(configuration.transit_days, z)) for z in ZONES}
    for name, _ in CALENDARS:
        calendar = _calendar_of(configuration, name)
        values |= {f"{name}_{day}": "true" for day in calendar.weekdays}
        values[f"{name}_closures"] = "\n".join(_line(each) for each in calendar.closures)
    values["coverage"] = "\n".join(_said(line) for line in configuration.coverage)
    return values


def _said(line: Coverage) -> str:
    word = next(word for word, kinds in SERVED.items() if kinds == (line.prepaid, line.cod))
    return f"{line.prefix or ELSEWHERE} {word}"


def _calendar_of(configuration: Configuration, name: str) -> Calendar:
    match name:
        case "origin":
            return configuration.origins[0].calendar
        case "carrier":
            return configuration.carrier_calendar
        case _:
            return configuration.delivery_calendar


def _line(closure: Closure) -> str:
    day = f"{closure.on:%m-%d}" if closure.is_yearly else closure.on.isoformat()
    return f"{day} {closure.name}".strip()


def _read(form: Mapping[str, str], before: Configuration) -> Configuration:
    """The form changes the first origin and keeps what it does not show."""
    first = before.origins[0]
    cut_offs = [
        convert({"weekday": day, "at": form[f"cut_off_{day}"][:5]}, CutOff, WORDS)
        for day, _ in WEEK
        if form.get(f"cut_off_{day}")
    ]
    given = msgspec.to_builtins(first) | {
        "name": form.get("origin_name", ""),
        "time_zone": form.get("time_zone", ""),
        "handling_days": _days(form, "handling_days"),
        "cut_offs": cut_offs,
        "calendar": _calendar(form, "origin", first.calendar),
    }
    floor = Floor(
        before_cut_off_days=_days(form, "before_cut_off_days"),
        after_cut_off_days=_days(form, "after_cut_off_days"),
    )
    return msgspec.structs.replace(
        before,
        origins=[convert(given, Origin, WORDS), *before.origins[1:]],
        carrier_calendar=_calendar(form, "carrier", before.carrier_calendar),
        delivery_calendar=_calendar(form, "delivery", before.delivery_calendar),
        coverage=_coverage(form.get("coverage", "")),
        transit_days=TransitDays(**{zone: _days(form, f"transit_{zone}") for zone in ZONES}),
        floor=floor,
        reattempts=_reattempts(form, before.reattempts),
    )


def _reattempts(form: Mapping[str, str], before: Reattempts) -> Reattempts:
    """None is how the form says that somebody decides every time."""
    if "attempts_max" not in form:
        return before
    count = whole_of(form["attempts_max"], field="attempts_max", least=0, most=10)
    if not count:
        return msgspec.structs.replace(before, is_automatic=False)
    return Reattempts(attempts_max=count)


def _coverage(text: str) -> list[Coverage]:
    """`79 nothing`, `560 prepaid`, `elsewhere all`: a PIN's beginning and what goes there."""
    found = []
    for line in filter(None, (one.strip() for one in text.splitlines()[:5000])):
        prefix, _, word = line.partition(" ")
        if word.strip() not in SERVED:
            raise Invalid(
                f"“{line[:40]}” should end with one of {', '.join(SERVED)}.", field="coverage"
            )
        prepaid, cod = SERVED[word.strip()]
        given = {"prefix": "" if prefix == ELSEWHERE else prefix, "prepaid": prepaid, "cod": cod}
        found.append(convert(given, Coverage, {"prefix": "One to six digits, or elsewhere."}))
    return found


def _days(form: Mapping[str, str], name: str) -> int:
    return whole_of(form.get(name, ""), field=name, least=0, most=60)


def _calendar(form: Mapping[str, str], name: str, before: Calendar) -> Calendar:
    weekdays = [day for day, _ in WEEK if form.get(f"{name}_{day}") == "true"]
    if not weekdays:
        raise Invalid("Choose at least one working day.", field=f"{name}_closures")
    field = f"{name}_closures"
    lines = [line for line in form.get(field, "").splitlines() if line.strip()]
    if len(lines) > 400:
        raise Invalid("At most 400 days.", field=field)
    closures = [_closure(line, field) for line in lines]
    return msgspec.structs.replace(before, weekdays=weekdays, closures=closures)


def _closure(line: str, field: str) -> Closure:
    """`2026-11-08 Diwali`, or `01-26 Republic Day` for every year."""
    day, _, name = line.strip().partition(" ")
    is_yearly = len(day) == 5
    try:
        on = date.fromisoformat(f"2024-{day}" if is_yearly else day)
    except ValueError as reason:
        raise Invalid(
            f"“{line.strip()[:40]}” should begin with 2026-11-08, or 01-26 for every year.",
            field=field,
        ) from reason
    return Closure(on=on, name=name.strip()[:100], is_yearly=is_yearly)
