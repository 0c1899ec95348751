"""The rules for sending: caps, quiet hours, holds; and why somebody is or is not written to now."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from litestar import Controller, Request, Response, get, post

from tandem.crm.customers import service as customers
from tandem.crm.notifications.domain.domain_limits import DOMAINS_MAX, DomainLimit
from tandem.crm.notifications.domain.messages import Channel, Lane
from tandem.crm.notifications.domain.policy import Verdict
from tandem.crm.notifications.domain.rules import (
    Cap,
    QuietHours,
    RulesChanged,
    SendingRules,
    ServiceHolds,
    Storm,
)
from tandem.crm.notifications.domain.texts import is_email, is_phone
from tandem.crm.notifications.service import rules as service
from tandem.flows.notify import Ask, dry_run
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form, whole_of
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
AT = "/settings/sending-rules"
BLANK_CAPS = 1
SEVERITIES = ("critical", "high", "normal", "low")
DOINGS = (
    ("hold", "Hold until it is over"),
    ("skip", "Leave it out"),
    ("send", "Send all the same"),
)
CHANNELS = (("", "all together"), ("email", "e-mail"), ("sms", "text"), ("whatsapp", "WhatsApp"))
PURPOSES = (("", "every promotion"), ("marketing", "marketing"), ("newsletter", "newsletter"))
ASKED = (("marketing", "Marketing"), ("newsletter", "Newsletter"), ("service", "Service"))
BY = (("email", "E-mail"), ("sms", "Text"), ("whatsapp", "WhatsApp"))
WORDS: Mapping[str, str] = {
    "count": "A whole number from 1 to 1,000.",
    "days": "A whole number from 1 to 365.",
    "starts": "A time such as 21:00.",
    "ends": "A time such as 09:00.",
    "urgent_kinds": "Kinds are words such as arriving, order_shipped.",
}
NAMES: Mapping[str, str] = {
    "address": "Address",
    "suppression_and_consent": "Suppression and consent",
    "preference": "What they want to hear of",
    "fallback": "Arrived by another channel",
    "dlt": "Registered text (DLT)",
    "promotional_hours": "Hours of promotions by text (India)",
    "complaint": "Open complaint",
    "late_order": "Late order",
    "refund": "Refund on its way",
    "frequency_cap": "Frequency cap",
    "recipient_limit": "Too many alike at once",
    "quiet_hours": "Quiet hours",
    "provider_health": "Can the channel be reached",
}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The question of the moment, and what came of it."""

    who: str
    channel: str
    purpose: str
    name: str = ""
    verdict: Verdict | None = None
    problem: str = ""


class SendingRulesPage(Controller):
    path = AT
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        return await _page(request, tx, now)

    @post()
    async def save(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            version = whole_of(form.get("version", ""), field="version", least=0, most=10**9)
            await service.set_rules(tx, read_rules(form), version=version, now=now)
        except RulesChanged as refusal:
            return await _page(request, tx, now, problem_of(refusal, form), status=refusal.status)
        except Refusal as refusal:
            return await _page(request, tx, now, problem_of(refusal, form), status=refusal.status)
        return redirect(request, AT, toast="What waits is decided anew by these rules.")


async def _page(
    request: AnyRequest,
    tx: Tx,
    now: datetime,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    held = await service.get_rules(tx)
    return page(
        request,
        "console/settings/sending_rules.html",
        status=status,
        values=problem.values or values_of(held.rules),
        cap_rows=_cap_rows(problem.values, held.rules),
        domain_rows=_domain_rows(problem.values, held.rules),
        version=problem.value("version", str(held.version)),
        problem=problem,
        asked=await _ask(request, tx, now),
        names=NAMES,
        severities=SEVERITIES,
        doings=DOINGS,
        channels=CHANNELS,
        purposes=_with(PURPOSES, [cap.purpose for cap in held.rules.caps]),
        asked_purposes=ASKED,
        by=BY,
    )


def _with(options: Sequence[tuple[str, str]], used: Sequence[str | None]) -> list[tuple[str, str]]:
    known = {value for value, _ in options}
    more = sorted({one for one in used if one} - known)
    return [*options, *((one, one.replace("_", " ")) for one in more)]


def _cap_rows(values: Mapping[str, str], rules: SendingRules) -> range:
    typed = sum(1 for name in values if name.startswith("cap_count_"))
    return range(typed or len(rules.caps) + BLANK_CAPS)


def _domain_rows(values: Mapping[str, str], rules: SendingRules) -> range:
    typed = sum(1 for name in values if name.startswith("domain_name_"))
    return range(typed or len(rules.domains) + BLANK_CAPS)


def values_of(rules: SendingRules) -> dict[str, str]:
    values = {
        "on_complaint": rules.service.on_complaint,
        "on_late_order": rules.service.on_late_order,
        "on_refund": rules.service.on_refund,
        "days_max": str(rules.service.days_max),
        "storm_count": str(rules.storm.count),
        "storm_seconds": str(rules.storm.seconds),
        "shortens_links": "true" if rules.shortens_links else "",
        "per_minute": str(rules.per_minute or ""),
        "words_kept_days": str(rules.words_kept_days or ""),
    }
    values |= {f"severity_{one}": "true" for one in rules.service.complaint_severities}
    for place, cap in enumerate(rules.caps):
        values |= {
            f"cap_count_{place}": str(cap.count),
            f"cap_days_{place}": str(cap.days),
            f"cap_purpose_{place}": cap.purpose or "",
            f"cap_channel_{place}": cap.channel or "",
            f"cap_over_{place}": cap.over,
        }
    for place, limit in enumerate(rules.domains):
        values |= {
            f"domain_name_{place}": limit.domain,
            f"domain_rate_{place}": str(limit.per_second or ""),
            f"domain_places_{place}": str(limit.at_once or ""),
        }
    quiet = rules.quiet_hours
    values |= {
        "is_quiet": "true" if quiet else "",
        "starts": quiet.starts if quiet else "21:00",
        "ends": quiet.ends if quiet else "09:00",
        "covers": quiet.covers if quiet else "promotions",
        "urgent_kinds": ", ".join(quiet.urgent_kinds) if quiet else "",
    }
    return values


def read_rules(form: Mapping[str, str]) -> SendingRules:
    """A cap without a number is none. Refuses with Invalid at the field."""
    places = sorted(
        int(name.removeprefix("cap_count_"))
        for name, value in form.items()
        if name.startswith("cap_count_") and name[10:].isdigit() and value
    )
    chosen = [one for one in SEVERITIES if form.get(f"severity_{one}")]
    holds = {
        "on_complaint": form.get("on_complaint", "hold"),
        "complaint_severities": chosen,
        "on_late_order": form.get("on_late_order", "hold"),
        "on_refund": form.get("on_refund", "hold"),
        "days_max": whole_of(form.get("days_max", ""), field="days_max", least=1, most=365),
    }
    storm = {
        "count": whole_of(form.get("storm_count", ""), field="storm_count", least=1, most=1000),
        "seconds": whole_of(
            form.get("storm_seconds", ""), field="storm_seconds", least=10, most=3600
        ),
    }
    return SendingRules(
        caps=[_cap(form, place) for place in places[:20]],
        quiet_hours=_quiet(form) if form.get("is_quiet") else None,
        service=convert(holds, ServiceHolds, WORDS),
        storm=convert(storm, Storm, WORDS),
        domains=[_domain(form, place) for place in _domain_places(form)],
        shortens_links=bool(form.get("shortens_links")),
        per_minute=_optional(form, "per_minute", most=100_000),
        words_kept_days=_optional(form, "words_kept_days", most=3650),
    )


def _optional(form: Mapping[str, str], field: str, *, most: int) -> int | None:
    typed = form.get(field, "").strip()
    return whole_of(typed, field=field, least=1, most=most) if typed else None


def _domain_places(form: Mapping[str, str]) -> list[int]:
    named = (name[12:] for name, value in form.items() if name.startswith("domain_name_") and value)
    return sorted(int(place) for place in named if place.isdigit())[:DOMAINS_MAX]


def _domain(form: Mapping[str, str], place: int) -> DomainLimit:
    """Refuses with Invalid at the field."""
    limits = {}
    for name, field in (
        ("per_second", f"domain_rate_{place}"),
        ("at_once", f"domain_places_{place}"),
    ):
        given = form.get(field, "").strip()
        limits[name] = whole_of(given, field=field, least=1, most=1000) if given else None
    domain = form[f"domain_name_{place}"].strip().lower().removeprefix("@")
    try:
        return msgspec.convert({"domain": domain, **limits}, DomainLimit)
    except msgspec.ValidationError as reason:
        raise Invalid("A domain such as gmail.com.", field=f"domain_name_{place}") from reason


def _cap(form: Mapping[str, str], place: int) -> Cap:
    count = form[f"cap_count_{place}"]
    days = form.get(f"cap_days_{place}", "")
    given = {
        "count": whole_of(count, field=f"cap_count_{place}", least=1, most=1000),
        "days": whole_of(days, field=f"cap_days_{place}", least=1, most=365),
        "purpose": form.get(f"cap_purpose_{place}") or None,
        "channel": form.get(f"cap_channel_{place}") or None,
        "over": form.get(f"cap_over_{place}", "skip"),
    }
    return convert(given, Cap, WORDS)


def _quiet(form: Mapping[str, str]) -> QuietHours:
    kinds = [one.strip() for one in form.get("urgent_kinds", "").split(",") if one.strip()]
    given = {
        "starts": form.get("starts", "")[:5],
        "ends": form.get("ends", "")[:5],
        "covers": form.get("covers", "promotions"),
        "urgent_kinds": kinds,
    }
    return convert(given, QuietHours, WORDS)


async def _ask(request: AnyRequest, tx: Tx, now: datetime) -> Asked | None:
    """May this person be sent this now? None until somebody asks."""
    who = request.query_params.get("who", "").strip()[:254]
    channel = request.query_params.get("channel", "email")
    purpose = request.query_params.get("purpose", "marketing")
    if not who:
        return None
    asked = Asked(who=who, channel=channel, purpose=purpose)
    if channel not in dict(BY) or purpose not in dict(ASKED):
        return msgspec.structs.replace(asked, problem="Choose a channel and a purpose.")
    try:
        return await _answered(tx, asked, now)
    except Refusal as refusal:
        return msgspec.structs.replace(asked, problem=refusal.detail)


async def _answered(tx: Tx, asked: Asked, now: datetime) -> Asked:
    found = (await customers.list_customers(tx, text=asked.who, limit=1)).items
    is_address = is_email(asked.who) or is_phone(asked.who)
    if not found and not is_address:
        raise Invalid("There is nobody of this name, phone or e-mail.")
    ask = Ask(
        channel=Channel(asked.channel),
        purpose=asked.purpose,
        kind="campaign" if asked.purpose != "service" else "order_placed",
        lane=Lane.BULK if asked.purpose != "service" else Lane.TRANSACTIONAL,
        customer_id=found[0].id if found else None,
        address=None if found else asked.who,
    )
    (verdict,) = await dry_run(tx, [ask], now=now)
    name = found[0].name if found else asked.who
    return msgspec.structs.replace(asked, name=name, verdict=verdict)
