"""A settlement's rows for a spreadsheet. Amounts in major units, as banks and bookkeepers read."""

import csv
import io
from collections.abc import Mapping, Sequence

from tandem.kernel.money import Money
from tandem.scm.payments.domain.settlements import Settlement, SettlementRow

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")

HEAD = (
    "settlement",
    "utr",
    "settled_on",
    "kind",
    "entity",
    "order",
    "payment",
    "method",
    "description",
    "currency",
    "amount",
    "fee",
    "gst_on_fee",
    "credit",
    "debit",
    "net",
)


def csv_head() -> str:
    """With the mark that tells spreadsheets it is UTF-8."""
    return f"\ufeff{_line(HEAD)}"


def csv_line(settlement: Settlement, row: SettlementRow) -> str:
    texts: Mapping[str, str] = {
        "settlement": settlement.provider_settlement_id,
        "utr": settlement.utr,
        "settled_on": settlement.made_at.date().isoformat(),
        "kind": row.kind,
        "entity": row.entity_id,
        "order": row.order_number,
        "payment": row.provider_payment_id,
        "method": row.method,
        "description": row.description,
        "currency": row.currency,
    }
    amounts = {
        "amount": row.amount_minor,
        "fee": row.fee_minor - row.tax_minor,
        "gst_on_fee": row.tax_minor,
        "credit": row.credit_minor,
        "debit": row.debit_minor,
        "net": row.net_minor,
    }
    cells = {name: _safe(text) for name, text in texts.items()} | {
        name: str(Money(minor=minor, currency=row.currency).major())
        for name, minor in amounts.items()
    }
    return _line([cells[name] for name in HEAD])


def _line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _safe(text: str) -> str:
    """Text that a spreadsheet would calculate gets an apostrophe first (OWASP: CSV injection)."""
    return f"'{text}" if text.lstrip().startswith(FORMULA_STARTS) else text
