"""A journey's forms: what was typed to a step or to who begins it, and back."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.marketing.domain.journey_editing import with_lists
from tandem.crm.marketing.domain.journey_paths import Node, lists_of
from tandem.crm.marketing.domain.journeys import (
    Act,
    Branch,
    Entry,
    Leave,
    NewJourney,
    Plan,
    Send,
    Share,
    Split,
    Step,
    Wait,
    WaitFor,
)
from tandem.flows.journey_simulation import Event
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.rules import Vocabulary, describe, read
from tandem.web.console.segment_rules import Row, rows_of_form, rows_of_rule, rule_of_form

UNITS = (("1", "minutes"), ("60", "hours"), ("1440", "days"))
KINDS = (
    ("send", "Send a message"),
    ("wait", "Wait"),
    ("wait_for", "Wait for something"),
    ("branch", "Branch"),
    ("split", "Split at random"),
    ("act", "Do something"),
    ("leave", "End here"),
)
HAPPENINGS = (
    ("clicked", "they click in a message of this journey"),
    ("opened", "they open a message of this journey"),
    ("ordered", "they order"),
    ("entered_segment", "they enter a segment"),
)
DEEDS = (
    ("add_to_list", "Put on a list"),
    ("remove_from_list", "Take off a list"),
    ("set_owner", "Give to somebody"),
    ("add_task", "Make a task"),
    ("change_score", "Change their score"),
    ("set_lead_status", "Give the lead a status"),
    ("open_deal", "Open a deal"),
    ("tell_webhooks", "Tell webhooks"),
)
DAY = 1440
SHARES_LEAST, SHARES_MOST = 2, 6
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
Goal = UUID | None


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """A branch's rule as its form shows it: rows with an empty one to add to, or JSON."""

    rows: list[Row]
    match: str = "all"
    json: str = ""
    says: str = ""
    problem: str = ""


def conditions_of(step: Branch, words: Vocabulary) -> Conditions:
    if step.rule is None:
        return Conditions(rows=[Row()])
    said = said_of(step.rule, words)
    shown = rows_of_rule(step.rule)
    if shown is None:
        text = msgspec.json.format(msgspec.json.encode(step.rule)).decode()
        return Conditions(rows=[], json=text, says=said)
    match, rows = shown
    return Conditions(rows=[*rows, Row()], match=match, says=said)


def typed_conditions(form: Mapping[str, str], words: Vocabulary) -> Conditions:
    """As somebody is choosing them; what is still wrong is said, not refused."""
    rows = rows_of_form(form)
    typed = Conditions(
        rows=[*rows, Row()], match=form.get("match", "all"), json=form.get("json", "")
    )
    if not rows and not typed.json:
        return typed
    try:
        said = describe(read(rule_of_form(form, words), words), words)
    except Refusal as refusal:
        return msgspec.structs.replace(typed, problem=refusal.detail)
    return msgspec.structs.replace(typed, says=said.removeprefix("(").removesuffix(")"))


def fresh(do: str, step_id: str) -> Step:
    """A step as it is put in: to be filled in."""
    match do:
        case "send":
            return Send(id=step_id)
        case "wait":
            return Wait(id=step_id, minutes=DAY)
        case "wait_for":
            return WaitFor(id=step_id, happening="clicked", minutes=3 * DAY)
        case "branch":
            return Branch(id=step_id)
        case "split":
            return Split(id=step_id, shares=[Share(name="A"), Share(name="B")])
        case "act":
            return Act(id=step_id, what="add_task", title="Call them")
        case "leave":
            return Leave(id=step_id)
    raise Invalid("There is no such step.", field="do")


def step_of(step: Step, form: Mapping[str, str], words: Vocabulary) -> Step:
    """The step with what was typed; its branches stay. Refuses what no step may say."""
    given: dict[str, Any] = {"do": msgspec.to_builtins(step)["do"], "id": step.id}
    match step:
        case Wait():
            given |= {"minutes": _minutes(form), "at": form.get("at") or None}
            given["weekdays"] = [n for n in range(1, 8) if form.get(f"day{n}")]
        case WaitFor():
            happening = form.get("happening", "")
            given |= {"happening": happening, "minutes": _minutes(form)}
            if happening == "entered_segment":
                given["segment_id"] = form.get("segment_id") or None
        case Branch():
            given |= _condition(step, form, words)
        case Split():
            return _shared(step, form)
        case Send():
            given |= {name: form.get(name, "") for name in ("channel", "subject", "text")}
            given["template_version_id"] = form.get("template_version_id") or None
            is_as_before = form.get("text", "") == step.text.replace("\r\n", "\n").strip()
            given["html"] = step.html if is_as_before else ""
        case Act():
            given |= {"what": form.get("what", ""), "days": _number(form, "days", 1)}
            for name in ("list_id", "owner_id", "status_id", "title", "reason"):
                given[name] = form.get(name) or None
            given["points"] = _points(form)
    made: Step = _converted(given, Step, step.id)
    return _with_branches(made, step)


def entry_of(plan: Plan, form: Mapping[str, str]) -> Plan:
    """Who begins it and when it ends, as typed; the steps stay."""
    by = form.get("by", "hand")
    entry = {
        "by": by,
        "segment_id": (form.get("segment_id") or None) if by == "segment" else None,
        "again_after_days": _number(form, "again_after_days", 0) if form.get("again") else None,
    }
    given = {
        "entry": _converted(entry, Entry, "entry"),
        "goal_segment_id": _converted(form.get("goal_segment_id") or None, Goal, "goal"),
        "leaves_with_segment": by == "segment" and form.get("leaves_with_segment") == "true",
        "purpose": form.get("purpose") or "marketing",
    }
    return msgspec.structs.replace(plan, **given)


def amount(minutes: int) -> tuple[int, str]:
    """So many of the largest unit that fits, as the form shows it."""
    for size, _ in reversed(UNITS):
        if minutes and minutes % int(size) == 0:
            return minutes // int(size), size
    return minutes, "1"


def _with_branches(made: Step, before: Step) -> Step:
    return with_lists(made, lists_of(before))


def _shared(step: Split, form: Mapping[str, str]) -> Split:
    shares = [
        msgspec.structs.replace(
            share,
            name=form.get(f"name{place}", share.name).strip() or share.name,
            weight=_number(form, f"weight{place}", share.weight),
        )
        for place, share in enumerate(step.shares)
        if share.steps or form.get(f"name{place}", share.name).strip()
    ]
    if form.get("action") == "share":
        shares.append(Share(name=f"Share {len(shares) + 1}"))
    if not SHARES_LEAST <= len(shares) <= SHARES_MOST:
        raise Invalid("A split has two to six shares.", field=step.id)
    told = msgspec.to_builtins(msgspec.structs.replace(step, shares=shares))
    made: Split = _converted(told, Split, step.id)
    return made


def _condition(step: Branch, form: Mapping[str, str], words: Vocabulary) -> dict[str, Any]:
    """A segment, or a rule in rows or as JSON; nothing yet is a draft."""
    has_rule = bool(rows_of_form(form) or form.get("json", "").strip())
    if has_rule and form.get("segment_id"):
        raise Invalid("Choose a segment or conditions, not both.", field=step.id)
    return {
        "segment_id": form.get("segment_id") or None,
        "rule": rule_of_form(form, words) if has_rule else None,
    }


def _points(form: Mapping[str, str]) -> int | None:
    typed = form.get("points", "").strip().replace("\u2212", "-").removeprefix("+")
    if not typed:
        return None
    if not re.fullmatch(r"-?[0-9]{1,4}", typed):
        raise Invalid("Points are a whole number, as 10 or -5.", field="points")
    return int(typed)


def _minutes(form: Mapping[str, str]) -> int:
    unit = form.get("unit", "1")
    return _number(form, "amount", 0) * (int(unit) if unit.isdigit() else 1)


def _number(form: Mapping[str, str], name: str, default: int) -> int:
    typed = form.get(name, "")
    if not typed:
        return default
    if not typed.isdigit() or len(typed) > 6:
        raise Invalid("Give a whole number.", field=name)
    return int(typed)


def _converted(given: Any, kind: Any, field: str) -> Any:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as reason:
        raise Invalid(_in_words(str(reason)), field=field) from reason


def _in_words(reason: str) -> str:
    """What a form's reader can do about it; `reason` is the decoder's own."""
    if most := re.search(r"of length <= (\d+)", reason):
        return f"This is too long: {int(most[1]):,} letters at most."
    for sign, said in ((">=", "at least"), ("<=", "at most")):
        if bound := re.search(rf"`int` {sign} (\d+)", reason):
            return f"Give a number of {said} {int(bound[1]):,}."
    if reason.endswith("`$.at`"):
        return "Give an hour such as 09:00."
    return "There is no such choice."


def named(name: str, plan: Plan) -> NewJourney:
    """Refuses an empty name at its field."""
    if not name.strip():
        raise Invalid("Give it a name.", field="name")
    made: NewJourney = _converted(
        {"name": name.strip(), "plan": msgspec.to_builtins(plan)}, NewJourney, "name"
    )
    return made


def customer_of(form: Mapping[str, str]) -> UUID:
    try:
        return UUID(form.get("customer_id", ""))
    except ValueError as reason:
        raise Invalid("Choose somebody from the list.", field="customer_id") from reason


def events_of(form: Mapping[str, str], nodes: Mapping[str, Node]) -> list[Event]:
    """Everything that the journey waits for happens a day after it began, if that was ticked."""
    if form.get("happens") != "true":
        return []
    waits = [node.step for node in nodes.values() if isinstance(node.step, WaitFor)]
    return [
        Event(happening=step.happening, segment_id=step.segment_id, after_minutes=minutes)
        for step in waits
        for minutes in (60, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY)
    ]


def said_of(rule: Any, words: Vocabulary) -> str:
    try:
        return describe(read(rule, words), words).removeprefix("(").removesuffix(")")
    except Refusal as reason:
        return f"cannot be read any more: {reason.detail}"


def says(step: Step, words: Vocabulary | None = None) -> str:
    """A step in a line; a rule in full where its words are given."""
    match step:
        case Wait():
            return _wait_says(step)
        case WaitFor():
            return f"Wait until {dict(HAPPENINGS)[step.happening]}, {_span(step.minutes)} at most"
        case Branch():
            if step.rule is None or words is None:
                return "Branch by a segment" if step.rule is None else "Branch by a rule"
            return f"Branch: {said_of(step.rule, words)}"
        case Split():
            whole = sum(share.weight for share in step.shares)
            parts = (f"{share.name} {share.weight * 100 // whole} %" for share in step.shares)
            return f"Split at random: {', '.join(parts)}"
        case Send():
            how = {"email": "e-mail", "sms": "text", "whatsapp": "WhatsApp message"}
            said = step.subject or step.text[:60] or "by its template"
            return (
                f"Send an {how['email']}: {said}"
                if step.channel.value == "email"
                else (f"Send a {how[step.channel.value]}: {said}")
            )
        case Act():
            more = {
                "add_task": f": {step.title}" if step.title else ", not named yet",
                "open_deal": f": {step.title}" if step.title else ", not named yet",
                "change_score": f" by {step.points or 0:+d}",
                "tell_webhooks": f": {step.title}" if step.title else ", not named yet",
            }
            return dict(DEEDS)[step.what] + more.get(step.what, "")
        case Leave():
            return "End here"


def _wait_says(step: Wait) -> str:
    parts = [f"Wait {_span(step.minutes)}"] if step.minutes else ["Wait"]
    if step.at:
        names = ", ".join(WEEKDAYS[n - 1] for n in sorted(step.weekdays))
        parts.append(f"until {step.at}" + (f" on {names}" if names else ""))
    return " ".join(parts) if step.minutes == 0 else ", then ".join(parts)


def _span(minutes: int) -> str:
    number, size = amount(minutes)
    word = dict(UNITS)[size]
    return f"{number} {word[:-1] if number == 1 else word}"
