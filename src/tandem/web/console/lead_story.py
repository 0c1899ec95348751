"""A lead's timeline in words: events, as the log has them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.kernel.history import Happening
from tandem.web.rendering import words


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """`picture` is an icon's name."""

    title: str
    at: datetime
    who: str
    picture: str
    detail: str = ""


PICTURES: Mapping[str, str] = {
    "sales.lead_captured.v1": "speakerphone",
    "sales.lead_changed.v1": "pencil",
    "sales.lead_moved.v1": "target",
    "sales.lead_linked.v1": "link",
    "sales.lead_scored.v1": "gauge",
    "sales.lead_assigned.v1": "user",
    "sales.lead_qualified.v1": "circle-check",
    "sales.lead_converted.v1": "check",
    "sales.lead_conversion_undone.v1": "rotate",
    "sales.leads_merged.v1": "arrows-exchange",
    "sales.sequence_started.v1": "mail",
    "sales.sequence_mailed.v1": "mail",
    "sales.sequence_ended.v1": "mail",
}
QUIET = frozenset({"status_id", "owner_id", "team_id", "territory_id", "kind", "status_name"})
"""Changes that an event of their own tells of."""


def story(happenings: Sequence[Happening], people: Mapping[UUID, str]) -> list[Line]:
    """Newest first; what a better line tells already is left out."""
    lines = [_line(one, people) for one in happenings]
    return [line for line in reversed(lines) if line is not None]


def _line(one: Happening, people: Mapping[UUID, str]) -> Line | None:
    said = _said(one.topic, one.payload, people)
    if said is None:
        return None
    title, detail = said
    return Line(
        title=title,
        detail=detail,
        at=one.occurred_at,
        who=one.actor_label,
        picture=PICTURES.get(one.topic, "circle-dot"),
    )


def _said(
    topic: str, payload: Mapping[str, Any], people: Mapping[UUID, str]
) -> tuple[str, str] | None:
    match topic.removeprefix("sales.").removesuffix(".v1"):
        case "lead_captured":
            marks = [payload[name] for name in ("utm_source", "utm_medium", "utm_campaign")]
            title = "Came for the first time" if payload["is_new"] else "Came again"
            said = [words(payload["channel"]), payload["source"], " / ".join(filter(None, marks))]
            return title, " · ".join(filter(None, said))
        case "lead_changed":
            fields = [words(name.removesuffix("_id")) for name in payload["fields"]
                      if name not in QUIET]  # fmt: skip
            return ("Changed", ", ".join(fields)) if fields else None
        case "lead_moved":
            return f"Moved to {payload['status']}", f"from {payload['before']}"
        case "sequence_started":
            return f"Put into the sequence {payload['sequence']}", ""
        case "sequence_mailed":
            return f"Mail {payload['step']} of {payload['sequence']} is on its way", ""
        case "sequence_ended":
            return f"Taken out of {payload['sequence']}", words(payload["reason"])
        case "lead_linked":
            return "Known as a customer", ""
        case "lead_scored":
            return _scored(payload)
        case "lead_assigned":
            owner = payload["owner_id"]
            title = f"Given to {people.get(UUID(owner), 'somebody')}" if owner else "Owner changed"
            return title, "by a rule" if payload.get("rule_id") else ""
        case "leads_merged":
            return "Another lead was merged in", ""
    name = topic.removeprefix("sales.").removesuffix(".v1")
    return words(name), str(payload.get("status") or payload.get("title") or "")


def _scored(payload: Mapping[str, Any]) -> tuple[str, str]:
    if "score" not in payload:
        return "Score changed", ""
    title = f"Score {payload['before']} → {payload['score']}"
    if payload["crossed"]:
        return title, f"now {payload['crossed']}"
    return title, f"no longer {payload['fell_below']}" if payload["fell_below"] else ""
