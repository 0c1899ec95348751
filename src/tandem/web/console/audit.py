"""The audit log: who did what, from where, and what it was before."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Controller, Request, Response, get

from tandem.crm.identity import service as identity
from tandem.crm.identity.service import auditing
from tandem.kernel.audit import Asked
from tandem.kernel.http import Transaction
from tandem.kernel.ids import parse_id
from tandem.web.console.lists import Column, Filter, listing, read_state
from tandem.web.console.views import views_of
from tandem.web.rendering import page, words, zone_of

AnyRequest = Request[Any, Any, Any]
COLUMNS = (
    Column(key="action", label="What", is_lead=True),
    Column(key="actor", label="Who"),
    Column(key="change", label="Before and after"),
    Column(key="address", label="From"),
    Column(key="at", label="When"),
    Column(key="seq", label="Row", is_number=True),
    Column(key="hash", label="Hash", is_shown=False),
)
SERVICES = (
    "access",
    "api_key",
    "catalog",
    "console",
    "customers",
    "delivery",
    "dispatch",
    "identity",
    "inventory",
    "invoicing",
    "notifications",
    "orders",
    "organisation",
    "payments",
    "role",
    "session",
    "shipping",
    "support",
    "user",
    "webhooks",
)
YEAR_FIRST, YEAR_LAST = 1900, 9000
VIEWS = (("All", ""), ("Refused", "action=access"), ("Keys", "action=api_key"))


class AuditPage(Controller):
    path = "/settings/audit"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        tx.actor.require(auditing.PERMISSION)
        people = await identity.list_users(tx) if tx.actor.may("identity.read") else []
        filters = (
            Filter(
                key="actor",
                label="Who",
                options=tuple((str(person.id), person.name) for person in people),
            ),
            Filter(key="action", label="What", options=tuple((s, words(s)) for s in SERVICES)),
            Filter(key="since", label="From"),
            Filter(key="until", label="Until"),
        )
        state = read_state(request, COLUMNS, filters)
        found = await auditing.list_audit(
            tx, _asked(state.values, zone_of(request)), limit=state.limit, cursor=state.cursor
        )
        return page(
            request,
            "console/settings/audit.html",
            listing=listing(state, found, await views_of(tx, state, VIEWS)),
            head=await auditing.audit_head(tx),
        )


def _asked(values: Mapping[str, str], zone: str) -> Asked:
    return Asked(
        actor_id=_id(values.get("actor", "")),
        action=values.get("action"),
        since=_midnight(values.get("since", ""), 0, zone),
        until=_midnight(values.get("until", ""), 1, zone),
    )


def _id(text: str) -> UUID | None:
    return parse_id(text) if text else None


def _midnight(text: str, days: int, zone: str) -> datetime | None:
    try:
        on = date.fromisoformat(text) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    if not YEAR_FIRST <= on.year <= YEAR_LAST:
        return None
    return datetime.combine(on, time(), ZoneInfo(zone))
