"""What an organisation itself wants to know of its records: typed, checked whenever written."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from tandem.contracts.address import FILLED, PRINTABLE
from tandem.kernel import rules
from tandem.kernel.errors import Conflict, Invalid
from tandem.kernel.patterns import whole

FieldKind = Literal["text", "number", "flag", "date", "choice", "choices"]
Target = Literal["customer", "account", "lead", "opportunity", "order", "product"]
FieldKey = Annotated[str, msgspec.Meta(pattern=whole(r"[a-z][a-z0-9_]{0,39}"))]
Label = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=FILLED)]
Option = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=FILLED)]
Options = Annotated[list[Option], msgspec.Meta(max_length=100)]

FIELDS_MAX = 60
TEXT_MAX = 500
NUMBER_MAX = Decimal(10) ** 15
RULE_KINDS: Mapping[str, rules.Kind] = {
    "text": rules.Kind.TEXT,
    "number": rules.Kind.NUMBER,
    "flag": rules.Kind.FLAG,
    "date": rules.Kind.DATE,
    "choice": rules.Kind.TEXT,
    "choices": rules.Kind.TAGS,
}


class NewCustomField(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`is_personal` values are erased with the person; others stay for reports."""

    target: Target = "customer"
    key: FieldKey
    kind: FieldKind
    label: Label
    options: Options = []
    is_required: bool = False
    is_unique: bool = False
    is_personal: bool = True


class CustomFieldChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The key and the kind never change: what is written keeps its meaning."""

    label: Label | msgspec.UnsetType = msgspec.UNSET
    options: Options | msgspec.UnsetType = msgspec.UNSET
    is_required: bool | msgspec.UnsetType = msgspec.UNSET
    is_retired: bool | msgspec.UnsetType = msgspec.UNSET


class CustomField(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    target: Target
    key: str
    kind: FieldKind
    label: str
    options: list[str]
    is_required: bool
    is_unique: bool
    is_personal: bool
    retired_at: datetime | None

    def for_rules(self) -> rules.CustomField:
        return rules.CustomField(
            key=self.key, kind=RULE_KINDS[self.kind], label=self.label, options=tuple(self.options)
        )


class CustomFieldWrong(Invalid):
    code = "custom_field_wrong"


class CustomFieldTaken(Conflict):
    """Another record has this value, or another field this key."""

    code = "custom_field_taken"


def check_definition(new: NewCustomField) -> None:
    is_choice = new.kind in ("choice", "choices")
    if is_choice != bool(new.options):
        said = "Give the options to choose from." if is_choice else "Only a choice has options."
        raise CustomFieldWrong(said, field="options")
    if len(set(new.options)) != len(new.options):
        raise CustomFieldWrong("An option stands there twice.", field="options")
    if new.is_unique and new.kind not in ("text", "number"):
        raise CustomFieldWrong("Only texts and numbers can be unique.", field="is_unique")


def read_custom(
    fields: Sequence[CustomField], given: Mapping[str, Any], known: Mapping[str, Any]
) -> dict[str, Any]:
    """The values after a change: null takes one away. Refuses unknown keys and wrong types, and
    a required value that would be missing once anything is changed."""
    by_key = {field.key: field for field in fields if field.retired_at is None}
    values = dict(known)
    for key, value in given.items():
        if key not in by_key:
            raise CustomFieldWrong("There is no such field.", field=f"custom.{key[:40]}")
        if value is None or value == "" or value == []:
            values.pop(key, None)
            continue
        values[key] = _checked(by_key[key], value)
    for field in by_key.values():
        if field.is_required and field.key not in values:
            raise CustomFieldWrong(f"{field.label} is needed.", field=f"custom.{field.key}")
    return values


def from_text(field: CustomField, text: str) -> Any:
    """A value as a form or a spreadsheet writes it; empty is None."""
    text = text.strip()
    if not text:
        return None
    if field.kind == "number":
        if "," in text and not _GROUPED.fullmatch(text):
            raise _wrong(field, "a number such as 1,25,000.50")
        return _number(text.replace(",", ""), field)
    if field.kind == "date":
        return _written_day(text, field)
    if field.kind == "flag":
        if text.lower() not in _FLAGS:
            raise _wrong(field, "yes or no")
        return _FLAGS[text.lower()]
    if field.kind == "choices":
        return [part.strip() for part in re.split("[;|]", text) if part.strip()]
    return text


_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{2,3})*,[0-9]{3}(\.[0-9]+)?")
"""Commas part thousands or lakhs; where one stands elsewhere nobody knows what was meant."""
_DAY_FIRST = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})")
_NAMED_MONTH = re.compile(r"([0-9]{1,2})[ -]([A-Za-z]{3,9})[ -]([0-9]{4})")
_WITH_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ][0-9:.]{4,15}Z?")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def _checked(field: CustomField, value: Any) -> Any:
    match field.kind:
        case "number":
            return _number(value, field)
        case "flag":
            if not isinstance(value, bool):
                raise _wrong(field, "true or false")
            return value
        case "date":
            return _day(value, field)
        case "choices":
            if not isinstance(value, list) or not all(one in field.options for one in value):
                raise _wrong(field, f"some of: {', '.join(field.options)}")
            return sorted(set(value), key=field.options.index)
    if not isinstance(value, str) or len(value) > TEXT_MAX or not re.fullmatch(PRINTABLE, value):
        raise _wrong(field, f"a text of at most {TEXT_MAX} characters")
    if field.kind == "choice" and value not in field.options:
        raise _wrong(field, f"one of: {', '.join(field.options)}")
    return value


def _number(value: Any, field: CustomField) -> int | float:
    """Kept as a JSON number, so that it sorts and compares as one: 15 digits are exact."""
    try:
        is_number = isinstance(value, int | float | str) and not isinstance(value, bool)
        found = Decimal(str(value)[:40]) if is_number else None
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite() or abs(found) > NUMBER_MAX:
        raise _wrong(field, "a number")
    return int(found) if found == found.to_integral_value() else float(found)


def _written_day(text: str, field: CustomField) -> str:
    """`2026-11-22` with or without a time, `22/11/2026` (the day first, as in India; `-` and `.`
    part it too), `22 Nov 2026`. Two digits of a year are refused."""
    day = month = year = ""
    if found := _WITH_TIME.fullmatch(text):
        return found[1]
    if found := _DAY_FIRST.fullmatch(text):
        day, month, year = found[1], found[3], found[4]
    elif found := _NAMED_MONTH.fullmatch(text):
        day, month, year = found[1], str(_month(found[2])), found[3]
    return f"{year}-{month:0>2}-{day:0>2}" if year else text


def _month(text: str) -> int:
    """1 to 12 by an English name or its first three letters (or `Sept`); 0 for none."""
    short = text.lower()
    names = (number for number, name in enumerate(_MONTHS, 1) if short in (name, name[:3]))
    return 9 if short == "sept" else next(names, 0)


def _day(value: Any, field: CustomField) -> str:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        day = None
    if day is None:
        raise _wrong(field, "a date such as 2026-11-22")
    return day.isoformat()


def _wrong(field: CustomField, expected: str) -> CustomFieldWrong:
    return CustomFieldWrong(f"{field.label} must be {expected}.", field=f"custom.{field.key}")
