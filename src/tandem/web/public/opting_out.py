"""What a person hears from us, under the link in a message: choose, or stop it all."""

from typing import Any, get_args

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.notifications.domain.categories import CATEGORIES, Way
from tandem.crm.notifications.domain.opting_out import LinkUnknown, OptOutLink
from tandem.crm.notifications.service.preferences import Choice
from tandem.flows import opt_out
from tandem.kernel.db import Database
from tandem.kernel.http import PUBLIC, Now, Store
from tandem.kernel.http.access import client_address
from tandem.web.company import Company, find_company
from tandem.web.rendering import page

AnyRequest = Request[Any, Any, Any]
SHOWN_MAX = 200
WAYS = frozenset(get_args(Way))
BODY_BYTES_MAX = 32 * 1024


class PreferencePages(Controller):
    path = "/u"
    include_in_schema = False
    opt = PUBLIC

    @get("/{token:str}")
    async def show(
        self, request: AnyRequest, token: FromPath[str], database: Store
    ) -> Response[Any]:
        """Looking changes nothing: mail scanners follow links."""
        return await _page(request, database, token, said="")

    @post(
        "/{token:str}",
        status_code=200,
        opt={**PUBLIC, "cross_site": True},
        request_max_body_size=BODY_BYTES_MAX,
    )
    async def change(
        self, request: AnyRequest, token: FromPath[str], database: Store, now: Now
    ) -> Response[Any]:
        form = await request.form()
        address = client_address(request.scope)
        try:
            said = await _do(form, database, token, now=now, address=address)
        except LinkUnknown:
            said = ""
        return await _page(request, database, token, said=said)


async def _do(form: Any, database: Database, token: str, *, now: Any, address: str) -> str:
    """What the page's buttons ask for; a mail program's one click (RFC 8058) is the first one."""
    is_one_click = form.get("List-Unsubscribe") == "One-Click"
    match "stop" if is_one_click else str(form.get("do", "")):
        case "stop":
            await opt_out.say_no(database, token, now=now, address=address)
            return f"Done. You get no more {_named(opt_out.purpose_of(token))} from us."
        case "stop-all":
            await opt_out.say_no_to_all(database, token, now=now, address=address)
            return "Done. From now on you only hear what belongs to your orders and your account."
        case "save":
            wishes, choices = _read(form)
            await opt_out.choose(database, token, wishes, choices, now=now, address=address)
            return "Saved. It holds from this moment on."
        case _:
            return ""


def _read(form: Any) -> tuple[list[opt_out.Wish], list[Choice]]:
    """Each box that was on the page, ticked or not: `shown` names them all."""
    ticked = {str(name) for name in form.getall("on", [])}
    wishes, choices = [], []
    for name in [str(one) for one in form.getall("shown", [])][:SHOWN_MAX]:
        kind, _, rest = name.partition(":")
        key, _, way = rest.partition(":")
        if way not in WAYS:
            continue
        if kind == "topic":
            wishes.append(opt_out.Wish(purpose=key, way=way, is_on=name in ticked))
        elif key in CATEGORIES and not CATEGORIES[key].is_mandatory:
            pace: Any = "now" if name in ticked else "off"
            choices.append(Choice(category=key, way=way, pace=pace))  # type: ignore[arg-type]  # asked above
    return wishes, choices


async def _page(request: AnyRequest, database: Database, token: str, *, said: str) -> Response[Any]:
    try:
        found = await opt_out.look(database, token)
    except LinkUnknown as refusal:
        shown = {"company": None, "refusal": refusal}
        return page(request, "public/link_unknown.html", status=404, **shown)
    company = await _company(database, found.link)
    topics: dict[str, list[opt_out.Topic]] = {}
    for topic in found.topics:
        topics.setdefault(topic.purpose, []).append(topic)
    return page(
        request,
        "public/preferences.html",
        company=company,
        found=found,
        topics=topics,
        categories=CATEGORIES,
        named=_named,
        said=said,
        is_subscribed=any(one.is_on for one in found.topics if one.purpose == found.link.purpose),
        has_any=any(one.is_on for one in found.topics),
    )


async def _company(database: Database, link: OptOutLink) -> Company:
    async with database.transaction(opt_out.actor_of(link)) as tx:
        return await find_company(tx)


def _named(purpose: str) -> str:
    return {"marketing": "offers and news"}.get(purpose, purpose.replace("_", " "))
