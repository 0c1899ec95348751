"""What was changed of a record, as a page shows it: people by their names, nothing by its id."""

from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.identity import service as identity
from tandem.kernel import field_history
from tandem.kernel.db import Tx
from tandem.kernel.field_history import FieldChange
from tandem.kernel.ids import parse_id


async def changes_of(tx: Tx, kind: str, subject_id: UUID) -> list[FieldChange]:
    """For a page that has read the record; ids that are nobody's name are left out."""
    found = await field_history.read(tx, kind, subject_id)
    people = await identity.staff_names(tx) if found else {}
    return [
        msgspec.structs.replace(
            one, before=_said(one.before, people), after=_said(one.after, people)
        )
        for one in found
        if not _is_id(one, people)
    ]


def _said(value: Any, people: dict[UUID, str]) -> Any:
    known = parse_id(value) if isinstance(value, str) else None
    return people.get(known, value) if known else value


def _is_id(one: FieldChange, people: dict[UUID, str]) -> bool:
    """A field that only names another record would be read by nobody."""
    ids = [parse_id(value) for value in (one.before, one.after) if isinstance(value, str)]
    return any(each is not None and each not in people for each in ids)
