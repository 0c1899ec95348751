"""FORM GSTR-1 of a month, as the portal's offline tool takes it. Amounts are rupees.

What a month's documents amount to comes grouped from the store; here it finds its table.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

import msgspec

from tandem.kernel.errors import Conflict

INVOICE_TYPES = {"B2B": "R", "SEZWP": "SEWP", "SEZWOP": "SEWOP"}
DOCUMENTS_OF = {"INV": (1, "Invoices for outward supply"), "CRN": (5, "Credit Note")}
NIL_TABLES = {
    (True, True): "INTRB2B",
    (True, False): "INTRB2C",
    (False, True): "INTRAB2B",
    (False, False): "INTRAB2C",
}


class ReturnIncomplete(Conflict):
    """Documents of the month have no place in the return as they stand."""

    code = "return_incomplete"


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """What one rate takes of one document that the return names. `table` is b2b, b2cl or exp."""

    table: str
    kind: str
    number: str
    issued_on: date
    total_minor: int
    gstin: str | None
    place_of_supply: str
    supply_kind: str
    is_inter_state: bool
    tax_rate: str
    taxable_minor: int
    cgst_minor: int
    igst_minor: int
    cess_minor: int


class Consumers(msgspec.Struct, frozen=True, kw_only=True):
    """Small sales to consumers of one place at one rate, less what was credited."""

    place_of_supply: str
    is_inter_state: bool
    tax_rate: str
    taxable_minor: int
    cgst_minor: int
    igst_minor: int
    cess_minor: int


class Untaxed(msgspec.Struct, frozen=True, kw_only=True):
    is_inter_state: bool
    is_business: bool
    exempt_minor: int
    nil_minor: int


class Goods(msgspec.Struct, frozen=True, kw_only=True):
    """One HSN and unit at one rate, less what came back."""

    is_business: bool
    hsn: str
    unit: str
    tax_rate: str
    quantity: int
    taxable_minor: int
    cgst_minor: int
    igst_minor: int
    cess_minor: int


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    first_number: str
    last_number: str
    count: int


class Month(msgspec.Struct, frozen=True, kw_only=True):
    gstin: str
    period: date
    named: Sequence[Named]
    consumers: Sequence[Consumers]
    untaxed: Sequence[Untaxed]
    goods: Sequence[Goods]
    issued: Sequence[Issued]


def gstr1(month: Month) -> dict[str, Any]:
    """Tables without a row are left out, as the portal wants it."""
    made: dict[str, Any] = {
        "gstin": month.gstin,
        "fp": f"{month.period:%m%Y}",
        "b2b": _by_buyer(_of(month, "b2b", "INV"), "inv", _invoice),
        "b2cl": [
            {"pos": place, "inv": invoices}
            for place, invoices in _by_place(_of(month, "b2cl", "INV")).items()
        ],
        "b2cs": [_small(row) for row in month.consumers],
        "exp": _exports(_of(month, "exp", "INV")),
        "cdnr": _by_buyer(_of(month, "b2b", "CRN"), "nt", _note),
        "cdnur": [
            _unregistered_note(rows)
            for table in ("b2cl", "exp")
            for rows in _documents(_of(month, table, "CRN"))
        ],
        "nil": {"inv": [_untaxed(row) for row in month.untaxed]} if month.untaxed else {},
        "hsn": _goods(month.goods),
        "doc_issue": {"doc_det": [_issued(row) for row in month.issued]} if month.issued else {},
    }
    return {name: table for name, table in made.items() if table}


def _of(month: Month, table: str, kind: str) -> list[Named]:
    return [row for row in month.named if (row.table, row.kind) == (table, kind)]


def _documents(rows: Sequence[Named]) -> list[list[Named]]:
    """Rows of one document stand together as they come."""
    return [list(same) for _, same in groupby(rows, key=lambda row: row.number)]


def _by_buyer(rows: Sequence[Named], name: str, shape: Any) -> list[dict[str, Any]]:
    buyers: dict[str, list[dict[str, Any]]] = {}
    for document in _documents(rows):
        assert document[0].gstin, "whoever is registered has a number"
        buyers.setdefault(document[0].gstin, []).append(shape(document))
    return [{"ctin": gstin, name: buyers[gstin]} for gstin in sorted(buyers)]


def _by_place(rows: Sequence[Named]) -> dict[str, list[dict[str, Any]]]:
    places: dict[str, list[dict[str, Any]]] = {}
    for document in _documents(rows):
        one = document[0]
        shape = {**_head(one), "itms": _items(document)}
        places.setdefault(one.place_of_supply, []).append(shape)
    return dict(sorted(places.items()))


def _head(one: Named) -> dict[str, Any]:
    return {"inum": one.number, "idt": _day(one.issued_on), "val": _rupees(one.total_minor)}


def _invoice(rows: Sequence[Named]) -> dict[str, Any]:
    one = rows[0]
    return {
        **_head(one),
        "pos": one.place_of_supply,
        "rchrg": "N",
        "inv_typ": INVOICE_TYPES[one.supply_kind],
        "itms": _items(rows),
    }


def _note(rows: Sequence[Named]) -> dict[str, Any]:
    one = rows[0]
    return {
        **_note_head(one),
        "pos": one.place_of_supply,
        "rchrg": "N",
        "inv_typ": INVOICE_TYPES[one.supply_kind],
        "itms": _items(rows),
    }


def _note_head(one: Named) -> dict[str, Any]:
    return {
        "ntty": "C",
        "nt_num": one.number,
        "nt_dt": _day(one.issued_on),
        "val": _rupees(one.total_minor),
    }


def _unregistered_note(rows: Sequence[Named]) -> dict[str, Any]:
    one = rows[0]
    is_export = one.table == "exp"
    place = {} if is_export else {"pos": one.place_of_supply}
    return {
        "typ": one.supply_kind if is_export else "B2CL",
        **_note_head(one),
        **place,
        "itms": _items(rows),
    }


def _exports(rows: Sequence[Named]) -> list[dict[str, Any]]:
    kinds: dict[str, list[dict[str, Any]]] = {}
    for document in _documents(rows):
        kind = "WPAY" if document[0].supply_kind == "EXPWP" else "WOPAY"
        items = [_amounts(row, is_inter_state=True) for row in document]
        kinds.setdefault(kind, []).append({**_head(document[0]), "itms": items})
    return [{"exp_typ": kind, "inv": kinds[kind]} for kind in sorted(kinds)]


def _items(rows: Sequence[Named]) -> list[dict[str, Any]]:
    return [
        {"num": place, "itm_det": _amounts(row, is_inter_state=row.is_inter_state)}
        for place, row in enumerate(rows, start=1)
    ]


def _amounts(row: Named | Consumers | Goods, *, is_inter_state: bool) -> dict[str, Any]:
    """One kind of tax: whichever the supply carries."""
    taxes = (
        {"iamt": _rupees(row.igst_minor)}
        if is_inter_state
        else {"camt": _rupees(row.cgst_minor), "samt": _rupees(row.cgst_minor)}
    )
    return {
        "rt": Decimal(row.tax_rate),
        "txval": _rupees(row.taxable_minor),
        **taxes,
        "csamt": _rupees(row.cess_minor),
    }


def _small(row: Consumers) -> dict[str, Any]:
    return {
        "sply_ty": "INTER" if row.is_inter_state else "INTRA",
        "pos": row.place_of_supply,
        "typ": "OE",
        **_amounts(row, is_inter_state=row.is_inter_state),
    }


def _untaxed(row: Untaxed) -> dict[str, Any]:
    return {
        "sply_ty": NIL_TABLES[row.is_inter_state, row.is_business],
        "expt_amt": _rupees(row.exempt_minor),
        "nil_amt": _rupees(row.nil_minor),
        "ngsup_amt": _rupees(0),
    }


def _goods(rows: Sequence[Goods]) -> Mapping[str, Any]:
    """Sales to businesses and to consumers apart, as from May 2025."""
    tables = {
        name: [
            {
                "num": place,
                "hsn_sc": row.hsn,
                "uqc": row.unit,
                "qty": Decimal(row.quantity),
                "rt": Decimal(row.tax_rate),
                "txval": _rupees(row.taxable_minor),
                "iamt": _rupees(row.igst_minor),
                "camt": _rupees(row.cgst_minor),
                "samt": _rupees(row.cgst_minor),
                "csamt": _rupees(row.cess_minor),
            }
            for place, row in enumerate(
                (row for row in rows if row.is_business is is_business), start=1
            )
        ]
        for name, is_business in (("hsn_b2b", True), ("hsn_b2c", False))
    }
    return {name: table for name, table in tables.items() if table}


def _issued(row: Issued) -> dict[str, Any]:
    """Nothing issued is ever cancelled: it is credited."""
    number, words = DOCUMENTS_OF[row.kind]
    return {
        "doc_num": number,
        "doc_typ": words,
        "docs": [
            {
                "num": 1,
                "from": row.first_number,
                "to": row.last_number,
                "totnum": row.count,
                "cancel": 0,
                "net_issue": row.count,
            }
        ],
    }


def _day(day: date) -> str:
    return f"{day:%d-%m-%Y}"


def _rupees(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-2)
