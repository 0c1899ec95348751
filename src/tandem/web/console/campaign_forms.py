"""A campaign's form: what was typed becomes a plan, and a plan what stands in the fields."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tandem.crm.marketing.domain.campaigns import VARIANTS_MAX, Plan
from tandem.kernel.errors import Invalid
from tandem.web.console.forms import convert, decimal_text, minor_of, whole_of

WORDS: Mapping[str, str] = {
    "name": "Give the campaign a name of at most 120 characters.",
    "purpose": "A purpose is one word in small letters, as marketing or newsletter.",
    "weight": "A share is a whole number from 1 to 1,000.",
    "local_time": "An hour such as 10:00.",
    "subject": "A subject is one line of at most 300 characters.",
}
FLAGS = ("tracks_clicks", "tracks_opens", "is_tracking_people")
TAGS = ("source", "medium", "campaign")
LIMITS = ("errors", "bounces", "complaints")
OWN_WORDS = "own"
KINDS = (
    ("once", "Once, at its hour"),
    ("welcome", "Welcome: whoever enters its segments"),
    ("opt_in", "Ask for consent (double opt-in)"),
)
CHANNELS = (
    ("email", "E-mail"),
    ("sms", "SMS"),
    ("whatsapp", "WhatsApp"),
    ("webhook", "Webhook"),
)
TRIALS = (
    ("60", "1 hour"),
    ("120", "2 hours"),
    ("240", "4 hours"),
    ("720", "12 hours"),
    ("1440", "1 day"),
    ("2880", "2 days"),
)
METRICS = (("clicks", "The most clicked"), ("opens", "The most opened"))
LATE = (
    ("", "Send it all the same"),
    ("60", "Skip it after 1 hour"),
    ("240", "Skip it after 4 hours"),
    ("1440", "Skip it after a day"),
)


def plan_of(form: Mapping[str, str], *, currency: str) -> Plan:
    """Refuses with the field that is wrong."""
    values: dict[str, Any] = {
        name: form.get(name, "") for name in ("name", "kind", "channel", "purpose")
    }
    values["include_ids"] = _chosen(form, "in_")
    values["exclude_ids"] = _chosen(form, "out_")
    values["is_live"] = form.get("is_live") != "kept"
    values |= {name: form.get(name) == "true" for name in FLAGS}
    values["utm"] = {name: form.get(f"utm_{name}", "") for name in TAGS}
    values["limits"] = {name: _whole(form, f"stop_{name}", 1, 100) for name in LIMITS}
    values["holdout_percent"] = _whole(form, "holdout_percent", 0, 50) or 0
    values["per_minute"] = _whole(form, "per_minute", 1, 100_000)
    values["skip_if_later_minutes"] = _whole(form, "skip_if_later_minutes", 1, 10_080)
    values["local_time"] = form.get("local_time", "")[:5]
    is_call = form.get("channel") == "webhook"
    values["endpoint_id"] = (form.get("endpoint_id") or None) if is_call else None
    values["from_address_id"] = form.get("from_address_id") or None
    for name in ("cost_minor", "budget_minor"):
        typed = form.get(name, "")
        values[name] = minor_of(typed, field=name, currency=currency) if typed else None
    values["cost_minor"] = values["cost_minor"] or 0
    values["trial"] = _trial(form)
    values["variants"] = _variants(form)
    return convert(_said(values), Plan, WORDS)


def form_of(plan: Plan) -> dict[str, str]:
    """The fields as they stand for a plan."""
    form = {name: str(getattr(plan, name)) for name in ("name", "kind", "channel", "purpose")}
    form |= {f"in_{one}": "true" for one in plan.include_ids}
    form |= {f"out_{one}": "true" for one in plan.exclude_ids}
    form["is_live"] = "live" if plan.is_live else "kept"
    form |= {name: "true" for name in FLAGS if getattr(plan, name)}
    if plan.utm is not None:
        form |= {f"utm_{name}": getattr(plan.utm, name) for name in TAGS}
    form |= {f"stop_{name}": str(getattr(plan.limits, name)) for name in LIMITS}
    for name in (
        "holdout_percent",
        "per_minute",
        "skip_if_later_minutes",
        "from_address_id",
        "endpoint_id",
    ):
        form[name] = str(getattr(plan, name) or "")
    form["local_time"] = plan.local_time
    if plan.trial is not None:
        form["trial_percent"] = str(plan.trial.sample_percent)
        form["trial_minutes"] = str(plan.trial.after_minutes)
        form["trial_metric"] = plan.trial.metric
    form["cost_minor"] = decimal_text(plan.cost_minor) if plan.cost_minor else ""
    form["budget_minor"] = decimal_text(plan.budget_minor) if plan.budget_minor else ""
    for place, one in enumerate(plan.variants):
        form |= {
            f"v{place}_name": one.name,
            f"v{place}_weight": str(one.weight),
            f"v{place}_words": str(one.template_version_id or OWN_WORDS),
            f"v{place}_subject": one.subject,
            f"v{place}_text": one.text,
            f"v{place}_html": one.html,
        }
    return form


def _trial(form: Mapping[str, str]) -> dict[str, Any] | None:
    """Without a sample there is none."""
    percent = _whole(form, "trial_percent", 1, 90)
    if percent is None:
        return None
    return {
        "sample_percent": percent,
        "after_minutes": _whole(form, "trial_minutes", 15, 10_080) or 240,
        "metric": form.get("trial_metric") or "clicks",
    }


def places_of(form: Mapping[str, str]) -> list[int]:
    """Variants that are filled in, and always the first."""
    return [
        place
        for place in range(VARIANTS_MAX)
        if place == 0
        or any(form.get(f"v{place}_{name}") for name in ("subject", "text", "html"))
        or form.get(f"v{place}_words", OWN_WORDS) != OWN_WORDS
    ]


def _variants(form: Mapping[str, str]) -> list[dict[str, Any]]:
    made = []
    for place in places_of(form):
        words = form.get(f"v{place}_words") or OWN_WORDS
        one: dict[str, Any] = {
            "name": form.get(f"v{place}_name") or "ABCDEFGHIJ"[place],
            "weight": _whole(form, f"v{place}_weight", 1, 1_000) or 1,
        }
        if words == OWN_WORDS:
            one |= {name: form.get(f"v{place}_{name}", "") for name in ("subject", "text", "html")}
        else:
            one["template_version_id"] = words
        made.append(one)
    return made


def _chosen(form: Mapping[str, str], prefix: str) -> list[str]:
    """Ids of ticked boxes, whose names say which."""
    chosen = [name.removeprefix(prefix) for name in form if name.startswith(prefix)]
    for one in chosen:
        try:
            UUID(one)
        except ValueError as reason:
            raise Invalid("There is no such segment.", field="include_ids") from reason
    return chosen


def _whole(form: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    typed = form.get(name, "")
    return whole_of(typed, field=name, least=least, most=most) if typed else None


def _said(values: dict[str, Any]) -> dict[str, Any]:
    """What was left empty takes its default."""
    values["limits"] = {name: one for name, one in values["limits"].items() if one is not None}
    return {name: value for name, value in values.items() if value is not None and value != ""}
