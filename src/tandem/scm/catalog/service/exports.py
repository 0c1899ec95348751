"""The catalogue as a spreadsheet, in pages, so that memory stays flat however long it is."""

import csv
import io
from collections.abc import AsyncIterator

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.fields import blanked
from tandem.scm.catalog import store
from tandem.scm.catalog.domain import COLUMNS, write_row
from tandem.scm.catalog.domain.sheets import KEPT_BY
from tandem.scm.catalog.service.products import list_variants

CHUNK = 200


async def export_rows(database: Database, actor: Actor) -> AsyncIterator[bytes]:
    """CSV in UTF-8 with its mark (spreadsheets need it), CRLF, the columns an import knows."""
    actor.require("catalog.read")
    yield "﻿".encode() + _line(list(COLUMNS))
    cursor: str | None = None
    while True:
        async with database.transaction(actor) as tx:
            page = await list_variants(tx, limit=CHUNK, cursor=cursor)
            ids = list({variant.product_id for variant in page.items})
            products = {p.id: p for p in await store.products_by_id(tx, ids)}
        yield b"".join(
            _line(
                blanked(actor, COLUMNS, write_row(products[variant.product_id], variant), KEPT_BY)
            )
            for variant in page.items
        )
        cursor = page.next
        if cursor is None:
            return


def _line(cells: list[str]) -> bytes:
    held = io.StringIO()
    csv.writer(held).writerow(cells)
    return held.getvalue().encode()
