"""The lines of deals and of quotes: written as a whole, read in order."""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.lines import Line
from tandem.kernel.db import Query, Tx

COLUMNS: LiteralString = """
           id, line_no, variant_id, sku, title, hsn, unit, tax_class, quantity, unit_price_minor,
           price_includes_tax, discount_minor, taxable_minor, tax_rate, cgst_minor, sgst_minor,
           igst_minor, cess_minor, total_minor
"""
TYPED: LiteralString = """
           (id uuid, line_no int, variant_id uuid, sku text, title text, hsn text, unit text,
            tax_class text, quantity int, unit_price_minor bigint, price_includes_tax boolean,
            discount_minor bigint, taxable_minor bigint, tax_rate text, cgst_minor bigint,
            sgst_minor bigint, igst_minor bigint, cess_minor bigint, total_minor bigint)
"""


def _insert(table: LiteralString, owner: LiteralString) -> LiteralString:
    return (
        f"insert into {table} (org_id, {owner}, {COLUMNS}) "
        f"select :org_id, :owner_id, {COLUMNS} "
        f"from jsonb_to_recordset(:lines::jsonb) as given {TYPED}"
    )


def _list(table: LiteralString, owner: LiteralString) -> LiteralString:
    return (
        f"select {COLUMNS} from {table} "
        f"where org_id = :org_id and {owner} = :owner_id order by line_no limit 200"
    )


def _delete(table: LiteralString, owner: LiteralString) -> LiteralString:
    return f"delete from {table} where org_id = :org_id and {owner} = :owner_id"


LIST_OF_DEAL = Query(_list("sales.opportunity_line", "opportunity_id"))
DELETE_OF_DEAL = Query(_delete("sales.opportunity_line", "opportunity_id"))
INSERT_OF_DEAL = Query(_insert("sales.opportunity_line", "opportunity_id"))


async def list_of_deal(tx: Tx, opportunity_id: UUID) -> list[Line]:
    return await tx.many(LIST_OF_DEAL, Line, owner_id=opportunity_id)


async def replace_of_deal(tx: Tx, opportunity_id: UUID, lines: Sequence[Line]) -> None:
    await tx.run(DELETE_OF_DEAL, owner_id=opportunity_id)
    await tx.run(INSERT_OF_DEAL, owner_id=opportunity_id, lines=msgspec.to_builtins(list(lines)))
