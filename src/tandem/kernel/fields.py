"""Fields that are kept back from somebody: hidden, or shown and not to be changed.

A struct says which resource it shows: `resource: ClassVar[str] = "customer"`. Services hand people
`veiled` records, so that pages, files and searches have nothing to tell; at the edge of the API the
fields are left out altogether (`kernel.http.fields`).
"""

from typing import Any, TypeVar

import msgspec

from tandem.kernel.actor import Actor
from tandem.kernel.errors import Forbidden

T = TypeVar("T", bound=msgspec.Struct)


class FieldKept(Forbidden):
    """A field that the asker may not see, or not change, was named."""

    code = "field_kept_back"


def changeable(actor: Actor, resource: str, given: dict[str, Any]) -> dict[str, Any]:
    """What of a change the actor may make. A form sends every field it showed, emptied ones too:
    those that are kept back stay as they are."""
    if not actor.hidden and not actor.read_only:
        return given
    kept = actor.hidden | actor.read_only
    return {name: value for name, value in given.items() if f"{resource}.{name}" not in kept}


def check_changeable(actor: Actor, resource: str, field: str) -> None:
    if f"{resource}.{field}" in actor.hidden | actor.read_only:
        raise FieldKept("You may not change this field.", field=field)


def veiled(actor: Actor, record: T) -> T:
    """The record without what is hidden from the actor: empty texts and lists, nothing else.

    For reading only: what is written back must come from the row itself.
    """
    if not actor.hidden:
        return record
    resource = getattr(record, "resource", None)
    emptied = {
        name: _empty(getattr(record, name))
        for name in record.__struct_fields__
        if f"{resource}.{name}" in actor.hidden
    }
    return msgspec.structs.replace(record, **emptied) if emptied else record


def _empty(value: Any) -> Any:
    return type(value)() if isinstance(value, (str, list, dict)) else None
