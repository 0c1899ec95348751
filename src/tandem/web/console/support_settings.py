"""Settings of the care desk: service times, queues and categories, rules, saved replies."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.kernel.calendars import Calendar, Closure, Hours
from tandem.kernel.company import find_zone
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction, check_if_match
from tandem.scm.support import service as support
from tandem.scm.support.domain.desk import Category, Desk, Queue, Target, Targets
from tandem.scm.support.domain.replies import NewReply
from tandem.scm.support.domain.rules import VOCABULARY, CareRule
from tandem.scm.support.domain.statuses import Severity
from tandem.web.clocks import zone_options
from tandem.web.console.forms import (
    NO_PROBLEM,
    Problem,
    convert,
    problem_of,
    read_form,
    whole_of,
)
from tandem.web.rendering import page, redirect, words

AnyRequest = Request[Any, Any, Any]
WEEK = ((1, "Monday"), (2, "Tuesday"), (3, "Wednesday"), (4, "Thursday"), (5, "Friday"),
        (6, "Saturday"), (7, "Sunday"))  # fmt: skip
SEVERITIES = tuple((str(one), words(str(one))) for one in Severity)
CLOSED_DAY = re.compile(r"^((?P<year>\d{4})-)?(?P<month>\d{2})-(?P<day>\d{2})(\s+(?P<name>.*))?$")
WORDS: Mapping[str, str] = {
    "opens": "A time such as 09:00.",
    "closes": "A time such as 19:00, or 24:00.",
    "name": "Give it a name.",
    "body": "Write the reply.",
}


class SupportSettings(Controller):
    path = "/settings/complaints"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _page(request, tx)

    @post("/times")
    async def save_times(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        return await _save(request, tx, now, "times", _times)

    @post("/categories")
    async def save_categories(
        self, request: AnyRequest, tx: Transaction, now: Now
    ) -> Response[Any]:
        return await _save(request, tx, now, "categories", _categories)

    @post("/rules")
    async def save_rules(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        return await _save(request, tx, now, "rules", _rules)


class ReplySettings(Controller):
    path = "/settings/replies"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _replies_page(request, tx)

    @post()
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            made = await support.add_reply(tx, convert(form, NewReply, WORDS), now=now)
        except Refusal as refusal:
            return await _replies_page(
                request, tx, problem_of(refusal, form, form="new"), refusal.status
            )
        return redirect(request, "/settings/replies", toast=f"“{made.name}” is saved.")

    @post("/{reply_id:uuid}")
    async def change(
        self, request: AnyRequest, reply_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        try:
            made = await support.change_reply(tx, reply_id, convert(form, NewReply, WORDS), now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form=str(reply_id))
            return await _replies_page(request, tx, problem, refusal.status)
        return redirect(request, "/settings/replies", toast=f"“{made.name}” is saved.")

    @post("/{reply_id:uuid}/removal")
    async def remove(
        self, request: AnyRequest, reply_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        await support.remove_reply(tx, reply_id)
        return redirect(request, "/settings/replies", toast="The reply is removed.")


async def _save(
    request: AnyRequest, tx: Tx, now: datetime, section: str, read: Any
) -> Response[Any]:
    """One section of the document; the others stay as they are."""
    form = await read_form(request)
    try:
        check_if_match(form.get("version"), await support.lock_desk(tx))
        before = (await support.get_desk(tx)).desk
        await support.save_desk(tx, read(form, before), now=now)
    except Refusal as refusal:
        return await _page(request, tx, problem_of(refusal, form, form=section), refusal.status)
    return redirect(request, f"/settings/complaints#{section}", toast="The desk is set up so.")


def _times(form: Mapping[str, str], desk: Desk) -> Desk:
    hours = []
    for day, name in WEEK:
        opens, closes = form.get(f"opens_{day}", ""), form.get(f"closes_{day}", "")
        if not opens and not closes:
            continue
        if not opens or not closes:
            raise Invalid(f"{name} needs both times, or none.", field=f"opens_{day}")
        given = {"weekday": day, "opens": opens, "closes": "24:00" if closes == "00:00" else closes}
        hours.append(convert(given, Hours, WORDS))
    if not hours:
        raise Invalid("Open on one day at least.", field="opens_1")
    targets = {
        str(severity): Target(
            response_minutes=_minutes(form, f"response_{severity}"),
            resolution_minutes=_minutes(form, f"resolution_{severity}"),
        )
        for severity in Severity
    }
    return msgspec.structs.replace(
        desk,
        calendar=Calendar(
            time_zone=form.get("time_zone", ""),
            hours=hours,
            closures=_closures(form.get("closures", "")),
        ),
        targets=Targets(**targets),
        warn_minutes=_minutes(form, "warn_minutes"),
        close_after_hours=whole_of(
            form.get("close_after_hours", ""), field="close_after_hours", least=1, most=2_160
        ),
        file_mib_max=whole_of(form.get("file_mib_max", ""), field="file_mib_max", least=1, most=20),
        scans_files=form.get("scans_files") == "true",
    )


def _minutes(form: Mapping[str, str], name: str) -> int:
    return whole_of(form.get(name, ""), field=name, least=1, most=100_000)


def _closures(text: str) -> list[Closure]:
    found = []
    for line in filter(None, (one.strip() for one in text.split("\n"))):
        match = CLOSED_DAY.fullmatch(line)
        try:
            if match is None:
                raise ValueError(line)
            # 2024 is a leap year, so that 29 February may be closed every year.
            year = int(match["year"] or 2024)
            day = date(year, int(match["month"]), int(match["day"]))
        except ValueError as reason:
            raise Invalid(
                f"{line[:40]!r} is no day: write 2026-11-08 Diwali, or 01-26 for every year.",
                field="closures",
            ) from reason
        name = (match["name"] or "")[:100]
        found.append(Closure(on=day, name=name, is_yearly=match["year"] is None))
    return found


def _categories(form: Mapping[str, str], desk: Desk) -> Desk:
    queues = [
        msgspec.structs.replace(queue, name=form.get(f"queue_{queue.key}", queue.name))
        for queue in desk.queues
    ]
    if name := form.get("queue_new", ""):
        queues.append(Queue(key=_key(name, [one.key for one in queues]), name=name[:80]))
    categories = [_category(form, one.key, one) for one in desk.categories]
    if name := form.get("name_new", ""):
        key = _key(name, [one.key for one in categories])
        fresh = Category(key=key, name=name[:80], queue=queues[0].key)
        categories.append(_category(form, "new", fresh))
    if not all([*(one.name for one in queues), *(one.name for one in categories)]):
        raise Invalid("Everything needs a name.")
    return msgspec.structs.replace(desk, queues=queues, categories=categories)


def _category(form: Mapping[str, str], at: str, before: Category) -> Category:
    severity = form.get(f"severity_{at}", before.severity)
    return msgspec.structs.replace(
        before,
        name=form.get(f"name_{at}", before.name)[:80],
        queue=form.get(f"queue_of_{at}", before.queue),
        severity=Severity(severity) if severity in set(Severity) else before.severity,
        is_public=form.get(f"public_{at}") == "true",
        is_retired=form.get(f"retired_{at}") == "true",
    )


def _key(name: str, taken: Sequence[str]) -> str:
    """From a name, in the form that keys have, and not taken."""
    base = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:32]
    base = base if base[:1].isalpha() else f"c_{base}".rstrip("_")
    key, count = base, 2
    while key in taken:
        key, count = f"{base}_{count}", count + 1
    return key


def _rules(form: Mapping[str, str], desk: Desk) -> Desk:
    return msgspec.structs.replace(desk, rules=[_rule(form, rule) for rule in desk.rules])


def _rule(form: Mapping[str, str], rule: CareRule) -> CareRule:
    try:
        condition = msgspec.json.decode(form.get(f"condition_{rule.key}", ""), type=dict[str, Any])
    except msgspec.MsgspecError as reason:
        raise Invalid("This is no condition.", field=f"condition_{rule.key}") from reason
    severity = form.get(f"severity_{rule.key}", "")
    return msgspec.structs.replace(
        rule,
        is_active=form.get(f"active_{rule.key}") == "true",
        category=form.get(f"category_{rule.key}", rule.category),
        severity=Severity(severity) if severity in set(Severity) else None,
        condition=condition,
    )


async def _page(
    request: AnyRequest, tx: Tx, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    tx.actor.require("support.read")
    held = await support.get_desk(tx)
    desk = held.desk
    company_zone = await find_zone(tx)
    return page(
        request,
        "console/settings/support.html",
        status=status,
        desk=desk,
        version=held.version,
        week=WEEK,
        desk_zone=desk.calendar.time_zone if held.version else company_zone,
        time_zones=zone_options(desk.calendar.time_zone, company_zone),
        hours={one.weekday: one for one in desk.calendar.hours},
        closures="\n".join(_line(one) for one in desk.calendar.closures),
        severities=SEVERITIES,
        targets={
            str(severity): {
                "response": target.response_minutes,
                "resolution": target.resolution_minutes,
            }
            for severity in Severity
            if (target := desk.targets.of(severity))
        },
        category_choices=[(one.key, one.name) for one in desk.categories],
        conditions={
            one.key: msgspec.json.format(msgspec.json.encode(one.condition), indent=1).decode()
            for one in desk.rules
        },
        facts={str(trigger): vocabulary.fields for trigger, vocabulary in VOCABULARY.items()},
        problem=problem,
    )


def _line(closure: Closure) -> str:
    day = closure.on.isoformat()
    return f"{day[5:] if closure.is_yearly else day} {closure.name}".strip()


async def _replies_page(
    request: AnyRequest, tx: Tx, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    desk = (await support.get_desk(tx)).desk
    return page(
        request,
        "console/settings/replies.html",
        status=status,
        replies=await support.list_replies(tx),
        categories=[("", "Any complaint"), *((one.key, one.name) for one in desk.categories)],
        problem=problem,
    )
