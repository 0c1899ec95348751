"""Products as rows of a spreadsheet: one row a variant, rows with the same title one product.

An empty cell leaves a known SKU's value as it is. Prices are in major units ("149.00").
"""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, BinaryIO

import msgspec

from tandem.contracts.invoicing import TAX_CLASSES
from tandem.kernel.errors import Invalid, TooLarge
from tandem.kernel.money import CURRENCIES, EXPONENT, Money
from tandem.scm.catalog.domain import products
from tandem.scm.catalog.domain.products import PRICE_MAX, Product, Variant

ROWS_MAX = 50_000
BYTES_MAX = 10 * 1024 * 1024
CELL_LENGTH_MAX = 20_000

COLUMNS: Mapping[str, tuple[Any, str]] = {
    "sku": (
        products.Sku,
        "1 to 64 letters, digits or . _ / # + -, starting with a letter or digit",
    ),
    "title": (products.Title, "1 to 200 characters on one line"),
    "label": (products.Label, "at most 100 characters on one line"),
    "description": (products.Description, "at most 10,000 characters"),
    "brand": (products.Label, "at most 100 characters on one line"),
    "category": (products.Label, "at most 100 characters on one line"),
    "hsn": (products.Hsn, "4, 6 or 8 digits; a spreadsheet may have dropped a leading 0"),
    "unit": (products.Unit, "a GST unit code such as NOS, PCS or KGS"),
    "tax_class": (products.TaxClass, f"one of {', '.join(TAX_CLASSES)}"),
    "price": (Decimal, "a number such as 149 or 149.00, without separators"),
    "price_includes_tax": (bool, "true or false"),
    "currency": (products.Currency, "an ISO 4217 code such as INR"),
    "barcode": (products.Barcode, "at most 48 characters without spaces"),
    "weight_grams": (products.Measure, "a whole number of grams"),
    "length_mm": (products.Measure, "a whole number of millimetres"),
    "width_mm": (products.Measure, "a whole number of millimetres"),
    "height_mm": (products.Measure, "a whole number of millimetres"),
    "is_active": (bool, "true or false"),
}
"""Each column's type, and what a cell must be, in words."""

KEPT_BY: Mapping[str, str] = {
    "description": "product.description",
    "brand": "product.brand",
    "barcode": "product.barcode",
    "price": "product.price_minor",
}
"""Whose field rule keeps a column from somebody."""
OF_PRODUCT = ("title", "description", "brand", "category")
NEEDED_FOR_NEW = ("title", "hsn", "tax_class", "price")

_WORDS = {"yes": "true", "no": "false", "y": "true", "n": "false"}
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


class SheetWrong(Invalid):
    """The file as a whole cannot be read; nothing was imported."""

    code = "sheet_wrong"


class RowError(msgspec.Struct, frozen=True, kw_only=True):
    """`row` counts as the spreadsheet does: the header is 1. `field` is the column."""

    row: int
    field: str
    message: str


class SheetRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row whose every cell has been read; `cells` holds only the cells that were filled."""

    row: int
    sku: str
    cells: dict[str, Any]

    def missing(self) -> list[str]:
        """The columns a SKU we do not know yet cannot do without."""
        return [column for column in NEEDED_FOR_NEW if column not in self.cells]


def heading_of(content: BinaryIO) -> list[str]:
    """The columns, as `read_rows` names them, which can be read after it. Raises SheetWrong."""
    text = io.TextIOWrapper(content, encoding=_encoding(content), newline="")
    try:
        return _header(next(_open(text), []))
    except (UnicodeDecodeError, csv.Error) as reason:
        raise SheetWrong("The first row of this file cannot be read.") from reason
    finally:
        text.detach()
        content.seek(0)


def read_rows(content: BinaryIO) -> Iterator[SheetRow | list[RowError]]:
    """Every record after the header: read whole, or the reasons why it could not be.

    UTF-8 or UTF-16 (with its mark); commas, semicolons or tabs. Raises SheetWrong where the file
    is no such thing, TooLarge above 50,000 rows.
    """
    text = io.TextIOWrapper(content, encoding=_encoding(content), newline="")
    try:
        _check_length(text)
        yield from _records(text)
    except UnicodeDecodeError as reason:
        raise SheetWrong("This file is not UTF-8. Save it as “CSV UTF-8”.") from reason
    except csv.Error as reason:
        raise SheetWrong(f"This is not readable as CSV: {reason}.") from reason
    finally:
        text.detach()


def _encoding(content: BinaryIO) -> str:
    start = content.read(4)
    content.seek(0)
    is_wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return "utf-16" if is_wide else "utf-8-sig"


def _check_length(text: io.TextIOWrapper) -> None:
    """Read the file through once, so that one we cannot take is refused before any work."""
    if sum(1 for _ in _open(text)) > ROWS_MAX + 1:
        raise TooLarge(f"A file may have {ROWS_MAX:,} rows at most. Split it.")


def _open(text: io.TextIOWrapper) -> Iterator[list[str]]:
    text.seek(0)
    first = text.readline()
    text.seek(0)
    delimiter = max(",;\t", key=first.count)
    return csv.reader(text, delimiter=delimiter, strict=True)


def _records(text: io.TextIOWrapper) -> Iterator[SheetRow | list[RowError]]:
    reader = _open(text)
    header = _header(next(reader, []))
    seen: dict[str, int] = {}
    for row, record in enumerate(reader, start=2):
        if any(cell.strip() for cell in record):
            yield _read(row, header, record, seen)


def _header(cells: Sequence[str]) -> list[str]:
    names = [cell.strip().lower().replace(" ", "_") for cell in cells]
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or "sku" not in names or len(set(names)) < len(names):
        raise SheetWrong(
            "The first row names the columns, each once, “sku” among them. Known columns: "
            f"{', '.join(COLUMNS)}.",
            field="header",
            unknown=unknown[:50],
        )
    return names


def _read(
    row: int, header: Sequence[str], record: Sequence[str], seen: dict[str, int]
) -> SheetRow | list[RowError]:
    if len(record) > len(header):
        message = f"{len(record)} cells under {len(header)} columns"
        return [RowError(row=row, field="", message=message)]
    cells: dict[str, Any] = {}
    errors = []
    for column, cell in zip(header, record, strict=False):
        text = _plain(cell)
        if not text:
            continue
        try:
            cells[column] = _convert(column, text)
        except (msgspec.ValidationError, InvalidOperation, ValueError):
            errors.append(RowError(row=row, field=column, message=COLUMNS[column][1]))
    sku = cells.pop("sku", None)
    if sku is None and not errors:
        errors.append(RowError(row=row, field="sku", message="every row needs a SKU"))
    elif sku in seen:
        errors.append(RowError(row=row, field="sku", message=f"already in row {seen[sku]}"))
    if errors or sku is None:
        return errors
    seen[sku] = row
    return SheetRow(row=row, sku=sku, cells=cells)


def _plain(cell: str) -> str:
    """A cell as it was meant: without the apostrophe that keeps a spreadsheet from calculating."""
    text = cell.strip(" ")
    if text.startswith("'") and text[1:].startswith(_FORMULA_STARTS):
        return text[1:]
    return text.strip()


def _convert(column: str, text: str) -> Any:
    if len(text) > CELL_LENGTH_MAX:
        raise ValueError(column)
    kind = COLUMNS[column][0]
    if kind is Decimal:
        price = Decimal(text)
        if not (price.is_finite() and 0 <= price <= PRICE_MAX and text.isascii()):
            raise ValueError(text)
        return price
    if kind is bool:
        text = _WORDS.get(text.lower(), text.lower())
    if column == "tax_class" and text not in TAX_CLASSES:
        raise ValueError(text)
    if column in {"unit", "currency"}:
        text = text.upper()
    if column == "currency" and text not in CURRENCIES:
        raise ValueError(text)
    return msgspec.convert(text, kind, strict=False)


def minor_of(price: Decimal, currency: str) -> int | None:
    """A price in minor units; None where it has more decimals than the currency."""
    minor = price.scaleb(EXPONENT.get(currency, 2))
    return int(minor) if minor == minor.to_integral_value() and minor <= PRICE_MAX else None


def write_row(product: Product, variant: Variant) -> list[str]:
    """One variant in the order of COLUMNS; reading it back gives the same values."""
    price = Money(minor=variant.price_minor, currency=variant.currency).major()
    cells = {
        **{column: getattr(product, column) for column in OF_PRODUCT},
        "sku": variant.sku,
        "label": variant.label,
        "hsn": variant.hsn,
        "unit": variant.unit,
        "tax_class": variant.tax_class,
        "price": f"{price:f}",
        "price_includes_tax": variant.price_includes_tax,
        "currency": variant.currency,
        "barcode": variant.barcode or "",
        "weight_grams": variant.weight_grams,
        "length_mm": variant.length_mm,
        "width_mm": variant.width_mm,
        "height_mm": variant.height_mm,
        "is_active": variant.is_active,
    }
    return [_safe(cells[column]) for column in COLUMNS]


def _safe(value: Any) -> str:
    """Text that a spreadsheet would calculate gets an apostrophe first (OWASP: CSV injection)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if isinstance(value, str) and text.lstrip().startswith(_FORMULA_STARTS):
        return f"'{text}"
    return text
