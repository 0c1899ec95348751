"""Customers as rows of a spreadsheet, read without guessing and written without formulas."""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from tandem.contracts.address import PRINTABLE
from tandem.crm.customers.domain.custom_fields import CustomField, from_text
from tandem.crm.customers.domain.people import Customer
from tandem.kernel.cells import guarded, plain
from tandem.kernel.errors import Conflict, Invalid

ROWS_MAX = 200_000
COLUMNS_MAX = 100
CELL_MAX = 20_000
PLAIN = ("number", "name", "company_name", "email", "phone", "gstin", "pan", "notes", "tags")
HOME = ("line1", "line2", "city", "state_code", "postal_code")
FIELDS = (*PLAIN, *HOME)
KEYS = ("", "email", "phone", "number")
ALIASES: Mapping[str, str] = {
    "e-mail": "email", "mail": "email", "email address": "email", "mobile": "phone",
    "telephone": "phone", "phone number": "phone", "full name": "name", "customer": "name",
    "customer name": "name", "company": "company_name", "address": "line1", "street": "line1",
    "pin": "postal_code", "pin code": "postal_code", "pincode": "postal_code", "zip": "postal_code",
    "town": "city", "state": "state_code", "note": "notes", "customer number": "number",
}  # fmt: skip

Key = Literal["", "email", "phone", "number"]
Column = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PRINTABLE)]
FieldName = Annotated[
    str, msgspec.Meta(pattern=r"^([a-z_0-9]{2,20}|custom\.[a-z][a-z0-9_]{0,39})$")
]


class SheetWrong(Invalid):
    """The file as a whole cannot be read; nothing was taken in."""

    code = "sheet_wrong"


class ImportBusy(Conflict):
    """The job is in no state for this."""

    code = "import_busy"


class ImportMapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Column of the file to field of the customer; columns left out are not read. With a `key`
    a row whose key is known changes that customer; without one every row adds somebody."""

    columns: Annotated[dict[Column, FieldName], msgspec.Meta(max_length=COLUMNS_MAX)]
    key: Key = "email"


class ImportJob(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    blob_id: UUID
    filename: str
    columns: list[str]
    mapping: dict[str, str]
    key: str
    state: Literal[
        "uploaded", "checking", "checked", "running", "done", "reverting", "reverted", "failed"
    ]
    row_count: int
    done_rows: int
    created: int
    updated: int
    failed: int
    reverted: int
    error: str
    added_label: str
    created_at: datetime
    updated_at: datetime
    added_by: UUID | None = None
    """The member who began it; keys have no inbox."""


class RowError(msgspec.Struct, frozen=True, kw_only=True):
    """`column` is the file's own heading."""

    column: str
    code: str
    message: str


def decode(content: bytes) -> str:
    """UTF-8 or UTF-16 by its mark, else strict UTF-8, else Windows-1252 where every byte means a
    letter. Refuses what is none of them rather than showing it wrong."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return _decoded(content, name)
    if b"\x00" in content:
        raise SheetWrong("The file contains NUL characters: is it a spreadsheet, not a CSV?")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _decoded(content, "cp1252")


def _decoded(content: bytes, encoding: str) -> str:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as reason:
        raise SheetWrong("The file's letters cannot be read: save it as CSV UTF-8.") from reason
    if "\x00" in text:
        raise SheetWrong("The file contains NUL characters: is it a spreadsheet, not a CSV?")
    return text


def rows_of(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows as RFC 4180 has them, numbered as a spreadsheet does (the heading is 1); empty ones
    are left out. The separator is whichever of , ; tab the heading has most of."""
    heading = text.partition("\n")[0]
    separator = max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for number, row in enumerate(reader, 1):
            if any(cell.strip() for cell in row):
                yield number, row
    except csv.Error as reason:
        said = f"Row {reader.line_num} cannot be read: {reason}."
        raise SheetWrong(said) from reason


def heading_of(text: str) -> list[str]:
    """The columns. Refuses a file without rows, without headings, or with one twice."""
    first = next(iter(rows_of(text)), None)
    if first is None:
        raise SheetWrong("The file is empty.")
    columns = [cell.strip() for cell in first[1]]
    if len(columns) > COLUMNS_MAX or any(len(column) > 200 for column in columns):
        raise SheetWrong(f"A file may have {COLUMNS_MAX} columns with short headings.")
    named = [column.lower() for column in columns if column]
    twice = next((column for column in named if named.count(column) > 1), None)
    if twice is not None:
        raise SheetWrong(f"The column {twice!r} stands there twice.")
    if not named:
        raise SheetWrong("The first row must name the columns.")
    return columns


def guess_mapping(columns: Sequence[str], own: Sequence[CustomField]) -> dict[str, str]:
    """What the headings most likely mean; the person decides."""
    fields = {field.label.lower(): f"custom.{field.key}" for field in own}
    fields |= {f"custom.{field.key}": f"custom.{field.key}" for field in own}
    found: dict[str, str] = {}
    for column in columns:
        name = column.lower().replace("_", " ").strip()
        field = ALIASES.get(name) or fields.get(column.lower()) or name.replace(" ", "_")
        is_known = field in FIELDS or field in fields.values()
        if column and is_known and field not in found.values():
            found[column] = field
    return found


def check_mapping(
    mapping: ImportMapping, columns: Sequence[str], own: Sequence[CustomField]
) -> None:
    known = {*FIELDS, *(f"custom.{field.key}" for field in own)}
    for column, field in mapping.columns.items():
        if column not in columns:
            raise SheetWrong(f"The file has no column {column!r}.", field="columns")
        if field not in known:
            raise SheetWrong(f"Customers have no field {field!r}.", field="columns")
    fields = list(mapping.columns.values())
    if len(set(fields)) != len(fields):
        raise SheetWrong("Two columns are meant for one field.", field="columns")
    if mapping.key and mapping.key not in fields:
        raise SheetWrong(f"No column is the key {mapping.key!r}.", field="key")


def values_of(
    cells: Sequence[str],
    columns: Sequence[str],
    mapping: Mapping[str, str],
    own: Mapping[str, CustomField],
) -> dict[str, Any]:
    """A row's cells as a customer's fields; empty cells say nothing. Raises Invalid."""
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        raise Invalid("The row has more cells than the heading.", field="")
    filled: dict[str, str] = {}
    for column, cell in zip(columns, cells, strict=False):
        if column in mapping and cell.strip():
            if len(cell) > CELL_MAX:
                raise Invalid("The cell is too long.", field=mapping[column])
            filled[mapping[column]] = plain(cell.strip())
    return _shaped(filled, own)


def _shaped(filled: Mapping[str, str], own: Mapping[str, CustomField]) -> dict[str, Any]:
    given: dict[str, Any] = {
        name: filled[name]
        for name in ("number", "name", "company_name", "gstin", "pan", "notes")
        if name in filled
    }
    for kind in ("email", "phone"):
        if kind in filled:
            given[f"{kind}s"] = [{"value": filled[kind]}]
    if "tags" in filled:
        given["tags"] = [tag.strip() for tag in filled["tags"].split(";") if tag.strip()]
    home = {name: filled[name] for name in HOME if name in filled}
    if home:
        given["addresses"] = [{"address": {"name": filled.get("name", "Home")[:100], **home}}]
    custom = {
        key: from_text(own[key], filled[f"custom.{key}"])
        for key in own
        if f"custom.{key}" in filled
    }
    return given | ({"custom": custom} if custom else {})


def export_columns(own: Sequence[CustomField]) -> list[str]:
    return [*FIELDS, *(f"custom.{field.key}" for field in own)]


def export_row(customer: Customer, own: Sequence[CustomField]) -> list[str | int | float]:
    """One customer in the columns that an import knows. Numbers stay numbers."""
    home = customer.addresses[0].address if customer.addresses else None
    phone = customer.phones[0].value if customer.phones else ""
    texts = [
        customer.number, customer.name, customer.company_name,
        customer.emails[0].value if customer.emails else "", phone,
        customer.gstin or "", customer.pan or "", customer.notes, "; ".join(customer.tags),
        *(getattr(home, name) if home else "" for name in HOME),
    ]  # fmt: skip
    row: list[str | int | float] = [guarded(text) for text in texts]
    for field in own:
        value = customer.custom.get(field.key, "")
        if isinstance(value, bool):
            row.append("yes" if value else "no")
        elif isinstance(value, int | float):
            row.append(value)
        else:
            row.append(guarded("; ".join(value) if isinstance(value, list) else value))
    return row
