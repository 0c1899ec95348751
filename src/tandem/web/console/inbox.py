"""The bell: one's inbox as a drawer and as a page, and what one wants to be told."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery

from tandem.crm.identity import service as identity
from tandem.crm.notifications.domain.categories import CATEGORIES, for_audience
from tandem.crm.notifications.domain.hours import Hours
from tandem.crm.notifications.service import inbox, preferences
from tandem.crm.notifications.service.preferences import Choice
from tandem.flows import followed
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction, unaudited
from tandem.kernel.ids import parse_id
from tandem.web.clocks import zone_options
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
OWN = unaudited("what somebody has read, or wants to be told, concerns nobody else")
IN_THE_DRAWER = 12
ON_A_PAGE = 50
BY_KIND = {kind: one.key for one in CATEGORIES.values() for kind in one.kinds}
PICTURES = {
    "assigned": "user-circle",
    "mentions": "message-circle",
    "due": "clock",
    "followed": "eye",
    "jobs": "package",
    "alerts": "chart-line",
    "security": "shield-check",
    "system": "alert-triangle",
}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PACES = (
    ("off", "Never"),
    ("now", "At once"),
    ("eased", "At once, then gathered for an hour"),
    ("hourly", "Every hour, gathered"),
    ("daily", "Once a day"),
    ("weekly", "Once a week"),
)


class InboxPage(Controller):
    path = "/inbox"
    include_in_schema = False

    @get()
    async def show(
        self,
        request: AnyRequest,
        tx: Transaction,
        show: FromQuery[str] = "new",
        cursor: FromQuery[str | None] = None,
    ) -> Response[Any]:
        found = await inbox.list_inbox(
            tx,
            limit=ON_A_PAGE,
            cursor=cursor,
            is_unread=show == "unread",
            is_archived=show == "archived",
        )
        count = await inbox.unread_count(tx)
        return page(
            request, "console/inbox.html", found=found, show=show, unread=count, picture=_picture
        )

    @get("/bell")
    async def bell(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        """The number beside the bell; asked again whenever it may have changed."""
        return page(request, "console/bell.html", unread=await inbox.unread_count(tx))

    @get("/drawer")
    async def drawer(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        found = await inbox.list_inbox(tx, limit=IN_THE_DRAWER)
        count = await inbox.unread_count(tx)
        return page(
            request, "console/inbox_drawer.html", found=found, unread=count, picture=_picture
        )

    @post("/marks", opt=OWN)
    async def mark(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """One item, or everything up to the newest that was on screen."""
        form = await read_form(request)
        what = _what(form.get("what", ""))
        one, until = parse_id(form.get("id", "")), parse_id(form.get("until", ""))
        if one is not None:
            await inbox.mark(tx, [one], what, now=now)
        elif until is not None:
            await inbox.mark_all(tx, what, until_id=until, now=now)
        return redirect(request, _back(form.get("back", "")))

    @post("/{item_id:uuid}", opt=OWN)
    async def open_one(
        self, request: AnyRequest, item_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        """Read, and on to what it is about."""
        item = await inbox.get_item(tx, item_id)
        await inbox.mark(tx, [item_id], "read", now=now)
        return redirect(request, item.link or "/inbox")

    @post("/follow/{kind:str}/{subject_id:uuid}", opt=OWN)
    async def follow(
        self,
        request: AnyRequest,
        kind: FromPath[str],
        subject_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
    ) -> Response[Any]:
        form = await read_form(request)
        record = followed.kind_named(kind)
        if form.get("on") == "false":
            await followed.unfollow(tx, record, subject_id, now=now)
        else:
            await followed.follow(tx, record, subject_id, now=now)
        return redirect(request, _back(form.get("back", "")))


class MyNotificationsPage(Controller):
    path = "/me/notifications"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _choices_page(request, tx)

    @post(opt=OWN)
    async def save(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            await preferences.choose_own(tx, _choices(form), now=now)
            hours = {**form, "digest_day": form.get("digest_day", "0")}
            await preferences.set_own_hours(tx, convert(_only(hours), Hours, {}), now=now)
        except Refusal as refusal:
            return await _choices_page(request, tx, problem_of(refusal, form), refusal.status)
        return redirect(request, "/me/notifications", toast="Saved: it holds from now on.")


class NotificationDefaultsPage(Controller):
    path = "/settings/notifications"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        standing = await preferences.company_choices(tx)
        return page(
            request,
            "console/settings/notifications.html",
            categories=list(CATEGORIES.values()),
            standing={(one.category, one.way): one for one in standing},
            paces=PACES,
        )

    @post()
    async def save(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        await preferences.choose_for_company(tx, _choices(form), now=now)
        return redirect(request, "/settings/notifications", toast="The defaults are saved.")


def _choices(form: dict[str, str]) -> list[Choice]:
    """Fields `pace.category.way`; what is mandatory is not among them."""
    found = []
    for name, pace in form.items():
        if not name.startswith("pace."):
            continue
        _, category, way = (*name.split("."), "", "")[:3]
        try:
            given = {"category": category, "way": way, "pace": pace}
            found.append(msgspec.convert(given, Choice))
        except msgspec.ValidationError as reason:
            raise Invalid("There is no such choice.", field=name) from reason
    return found


def _only(form: dict[str, str]) -> dict[str, str]:
    return {name: form[name] for name in Hours.__struct_fields__ if name in form}


def _what(text: str) -> inbox.Mark:
    try:
        what: inbox.Mark = msgspec.convert(text, inbox.Mark)
    except msgspec.ValidationError as reason:
        raise Invalid("There is nothing like that to do.", field="what") from reason
    return what


def _back(text: str) -> str:
    """Only to a page of ours."""
    is_ours = text.startswith("/") and not text.startswith("//") and "\\" not in text
    return text if is_ours else "/inbox"


async def _choices_page(
    request: AnyRequest, tx: Tx, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    standing = await preferences.own_choices(tx)
    zone = (await identity.get_organisation(tx)).time_zone
    hours = await preferences.own_hours(tx, zone=zone)
    return page(
        request,
        "console/my_notifications.html",
        status=status,
        categories=for_audience("staff"),
        standing={(one.category, one.way): one for one in standing},
        paces=PACES,
        hours=hours,
        zones=zone_options(hours.zone, zone),
        days=list(enumerate(DAYS)),
        problem=problem,
    )


def _picture(kind: str) -> str:
    return PICTURES.get(BY_KIND.get(kind, ""), "bell")
