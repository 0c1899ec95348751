"""A webhook's call about one person: its JSON filled in, and who knows where it goes. Pure."""

from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

import msgspec

from tandem.crm.notifications.domain import rendering
from tandem.crm.notifications.domain.messages import Message
from tandem.crm.notifications.domain.template_versions import (
    ParameterWrong,
    Variable,
    known_variables,
)

BODY_LENGTH_MAX = 64_000
"""Characters, filled in: what a receiver of webhooks takes without asking."""
VARIABLES = (
    Variable(name="customer.id", example="0190a000-0000-7000-8000-000000000042"),
    Variable(name="campaign.id", example="0190a000-0000-7000-8000-000000000007"),
    Variable(name="campaign.name", example="Spring"),
    Variable(name="variant", example="A"),
)
"""What a call may name beside what every message may."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """Where a call goes, and the headers that prove whose it is."""

    url: str
    headers: dict[str, str]


class Doors(Protocol):
    """Who keeps the addresses and their keys."""

    async def open(self, tx: Any, endpoint_id: UUID, message: Message, now: Any) -> Call | None:
        """None while the address is switched off. Raises NotFound where there is none."""

    async def note_gone(self, tx: Any, endpoint_id: UUID) -> None:
        """The address has said that it is no more."""


_doors: list[Doors] = []


def keeps_doors(doors: Doors) -> None:
    assert not _doors, "one keeps them"
    _doors.append(doors)


def doors() -> Doors:
    return _doors[0]


def examine(source: str) -> list[str]:
    """All that is wrong with a call's JSON. Values are filled into its strings, so that none of
    them can end one, whatever it holds."""
    if not source.strip():
        return ["There is nothing to send yet."]
    try:
        body = msgspec.json.decode(source)
    except (msgspec.DecodeError, RecursionError) as reason:
        return [f"It is no JSON: {reason}"[:200]]
    if not isinstance(body, dict | list):
        return ["Send an object or a list."]
    from tandem.crm.notifications.domain import sandbox  # Jinja: see rendering

    known = known_variables(list(VARIABLES))
    problems = []
    for text in _strings(body):
        found = sandbox.read(text)
        problems += found.problems
        problems += [
            f"{name!r} is not known here."
            for name in sorted(found.names)
            if name not in known and name.partition(".")[0] not in known
        ]
    return list(dict.fromkeys(problems))


def filled(source: str, parameters: Mapping[str, Any]) -> str:
    """The body for one person. Raises ParameterWrong."""
    values = rendering.given(list(VARIABLES), parameters)
    body = msgspec.json.encode(_filled(msgspec.json.decode(source), values)).decode()
    if len(body) > BODY_LENGTH_MAX:
        raise ParameterWrong(f"It is longer than {BODY_LENGTH_MAX:,} characters.")
    return body


def _filled(part: Any, values: Mapping[str, Any]) -> Any:
    from tandem.crm.notifications.domain import sandbox

    match part:
        case str() if "{" in part:
            return sandbox.fill(part, values, is_html=False)
        case list():
            return [_filled(one, values) for one in part]
        case dict():
            return {name: _filled(one, values) for name, one in part.items()}
    return part


def _strings(part: Any) -> list[str]:
    match part:
        case str():
            return [part]
        case list():
            return [text for one in part for text in _strings(one)]
        case dict():
            return [text for one in part.values() for text in _strings(one)]
    return []
