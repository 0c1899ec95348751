"""My tasks: what is overdue, due today and later, ticked off by one key; and tasks beside a lead or
a deal."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery

from tandem.crm.customers.domain.tasks import Beside, Scope, TaskChange, TaskDraft, TaskFilters
from tandem.crm.identity import service as identity
from tandem.flows import tasks as flow
from tandem.flows.tasks import PAGES, Line
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid
from tandem.kernel.http import Now, Transaction
from tandem.kernel.ids import parse_id
from tandem.web.console.forms import convert, read_form
from tandem.web.errors import send_back
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
HOME = "/tasks"
DONE_SHOWN = 20
GROUPS = (
    ("overdue", "Overdue"),
    ("today", "Today"),
    ("later", "Later"),
    ("someday", "Some day"),
)
REMINDERS = (
    ("", "No reminder"),
    ("0", "When it is due"),
    ("15", "15 minutes before"),
    ("60", "An hour before"),
    ("1440", "A day before"),
)
KINDS = (("task", "Task"), ("call", "Call"), ("meeting", "Meeting"))
PICTURES = {"task": "checklist", "call": "phone", "meeting": "users"}
WORDS: Mapping[str, str] = {
    "title": "Say what is to be done, in 200 letters at most.",
    "assignee_id": "Nobody here has this id.",
}


class TasksPage(Controller):
    path = HOME
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, tx: Transaction, now: Now, whose: FromQuery[str] = "mine"
    ) -> Response[Any]:
        tx.actor.require("sales.read")
        scope: Scope = "team" if whose == "team" else "mine"
        found = await flow.list_tasks(tx, TaskFilters(state="open"), scope=scope, now=now)
        done = await flow.list_tasks(
            tx, TaskFilters(state="done"), scope=scope, limit=DONE_SHOWN, now=now
        )
        groups = [(key, name, [line for line in found if line.when == key]) for key, name in GROUPS]
        return page(
            request,
            "console/tasks.html",
            groups=[each for each in groups if each[2]],
            done=done,
            scope=scope,
            people=await identity.staff_names(tx, only_active=True),
            pictures=PICTURES,
        )

    @post()
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        to = _page_of(form)
        try:
            tx.actor.require("sales.write")
            task = await flow.add_task(tx, await _draft(tx, form), now=now)
        except Invalid as refusal:
            return send_back(request, to, refusal)
        said = f"{task.title} is written down." if task.done_at else f"{task.title} is on the list."
        return redirect(request, to, toast=said)

    @post("/{task_id:uuid}/completion")
    async def settle(
        self, request: AnyRequest, task_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        tx.actor.require("sales.write")
        is_done = form.get("is_done") == "true"
        task = await flow.settle_task(tx, task_id, is_done=is_done, now=now)
        said = f"{task.title} is done." if is_done else f"{task.title} is open again."
        return redirect(request, _back(form, task.subject_kind, task.subject_id), toast=said)

    @post("/{task_id:uuid}")
    async def change(
        self, request: AnyRequest, task_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        tx.actor.require("sales.write")
        try:
            given = await _times(tx, form)
            given |= {"title": form.get("title", ""), "assignee_id": form.get("assignee_id")}
            change = convert(given, TaskChange, WORDS)
            task = await flow.change_task(tx, task_id, change, now=now)
        except Invalid as refusal:
            return send_back(request, _page_of(form), refusal)
        to = _back(form, task.subject_kind, task.subject_id)
        return redirect(request, to, toast="The task is saved.")

    @post("/{task_id:uuid}/removal")
    async def remove(
        self, request: AnyRequest, task_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        tx.actor.require("sales.write")
        await flow.remove_task(tx, task_id, now=now)
        return redirect(request, _page_of(form), toast="The task is removed.")


async def tasks_beside(tx: Tx, kind: Beside, subject_id: UUID, now: datetime) -> dict[str, Any]:
    """What `console/tasks_panel.html` shows, for whoever sees the record."""
    filters = TaskFilters(subject_kind=kind, subject_id=subject_id)
    lines: list[Line] = await flow.list_tasks(tx, filters, limit=100, now=now)
    people = await identity.staff_names(tx, only_active=True)
    me = tx.actor.user_id
    return {
        "kind": kind,
        "id": subject_id,
        "lines": lines,
        "people": [
            ("", "Me" if me in people else "Nobody"),
            *((str(one), name) for one, name in people.items() if one != me),
        ],
        "names": people,
        "kinds": KINDS,
        "reminders": REMINDERS,
        "pictures": PICTURES,
    }


async def _draft(tx: Tx, form: Mapping[str, str]) -> TaskDraft:
    values: dict[str, Any] = {
        "subject_kind": form.get("subject_kind", ""),
        "subject_id": form.get("subject_id", ""),
        "title": form.get("title", ""),
        "kind": form.get("kind", "task"),
        "outcome": form.get("outcome", ""),
        "is_done": form.get("is_done") == "true",
        **await _times(tx, form),
    }
    if form.get("assignee_id"):
        values["assignee_id"] = form["assignee_id"]
    return convert(values, TaskDraft, WORDS)


async def _times(tx: Tx, form: Mapping[str, str]) -> dict[str, Any]:
    """A day alone, or with a time of the company's time zone."""
    try:
        day = date.fromisoformat(form["due_on"]) if form.get("due_on") else None
        at = time.fromisoformat(form["due_time"]) if form.get("due_time") else None
    except ValueError as reason:
        raise Invalid("This is no day or no time.", field="due_on") from reason
    if at is not None and day is None:
        raise Invalid("A time needs its day.", field="due_on")
    minutes = form.get("remind_minutes", "")
    known = {"remind_minutes": int(minutes) if minutes in dict(REMINDERS) and minutes else None}
    if day is not None and at is not None:
        zone = ZoneInfo((await identity.get_organisation(tx)).time_zone)
        return known | {"due_at": datetime.combine(day, at, zone), "due_on": None}
    return known | {"due_on": day, "due_at": None}


def _page_of(form: Mapping[str, str]) -> str:
    """The record's page, with its tasks in sight; never an address that the form makes up."""
    subject_id = parse_id(form.get("subject_id", ""))
    kind = form.get("subject_kind", "")
    return f"{PAGES[kind].format(subject_id)}#tasks" if subject_id and kind in PAGES else HOME


def _back(form: Mapping[str, str], kind: str, subject_id: UUID) -> str:
    if form.get("from") in ("mine", "team"):
        return HOME if form["from"] == "mine" else f"{HOME}?whose=team"
    return f"{PAGES[cast(Beside, kind)].format(subject_id)}#tasks"
