"""A spreadsheet into the catalogue: good rows go in, bad rows come back with their reasons."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO, TypeVar
from uuid import UUID

import msgspec

from tandem.contracts.catalog import VariantChanged
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.fields import check_columns
from tandem.kernel.ids import new_id
from tandem.scm.catalog import store
from tandem.scm.catalog.domain import (
    Product,
    RowError,
    SheetRow,
    SkuTaken,
    Variant,
    read_rows,
    title_of,
)
from tandem.scm.catalog.domain.sheets import (
    COLUMNS,
    KEPT_BY,
    OF_PRODUCT,
    heading_of,
    minor_of,
)

T = TypeVar("T")

CHUNK = 500
ERRORS_MAX = 1000


class ImportResult(msgspec.Struct, kw_only=True):
    """What an import did, or would do. `errors` holds the first 1,000; `failed` counts all rows."""

    is_dry_run: bool
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    errors: list[RowError] = msgspec.field(default_factory=list)

    def refuse(self, errors: Sequence[RowError]) -> None:
        self.failed += 1
        self.errors += errors[: ERRORS_MAX - len(self.errors)]


async def import_products(
    tx: Tx, content: BinaryIO, *, is_dry_run: bool, now: datetime
) -> ImportResult:
    """Create the SKUs we do not know, update the ones we do, leave out rows that are wrong.

    Runs one at a time for an organisation. A dry run writes nothing and answers the same counts.
    Raises SheetWrong or TooLarge for the file as a whole, and FieldKept with every column that is
    not the asker's to change; then nothing of it was imported.
    """
    tx.actor.require("catalog.write")
    if tx.actor.hidden or tx.actor.read_only:
        columns = heading_of(content)
        check_columns(tx.actor, {name: KEPT_BY[name] for name in columns if name in KEPT_BY})
    await store.lock_imports(tx)
    result = ImportResult(is_dry_run=is_dry_run)
    work = _Import(tx, result, now)
    for chunk in _chunks(read_rows(content), CHUNK):
        result.rows += len(chunk)
        good = []
        for row in chunk:
            if isinstance(row, SheetRow):
                good.append(row)
            else:
                result.refuse(row)
        await work.apply(good)
    if not is_dry_run:
        await _write_audit(tx, result, now)
    return result


def _chunks(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    source = iter(rows)
    while chunk := list(islice(source, size)):
        yield chunk


async def _write_audit(tx: Tx, result: ImportResult, now: datetime) -> None:
    counts = msgspec.to_builtins(result)
    del counts["errors"]
    await audit.write(
        tx,
        action="catalog.import",
        subject_kind="catalog",
        subject_id=tx.actor.org_id,
        now=now,
        after=counts,
    )


class _Import:
    """What one file has met so far: its products by title, and who said what of each product."""

    def __init__(self, tx: Tx, result: ImportResult, now: datetime) -> None:
        self._tx = tx
        self._result = result
        self._now = now
        self._by_title: dict[str, Product] = {}
        self._products: dict[UUID, Product] = {}
        self._said: dict[tuple[UUID, str], tuple[int, str]] = {}
        self._fresh_products: list[Product] = []
        self._fresh: list[Variant] = []
        self._changed: list[Variant] = []
        self._renamed: dict[UUID, Product] = {}

    async def apply(self, rows: Sequence[SheetRow]) -> None:
        known = await self._load(rows)
        for row in rows:
            old = known.get(row.sku)
            errors = self._create(row) if old is None else self._change(row, old)
            if errors:
                self._result.refuse(errors)
        if not self._result.is_dry_run:
            await self._write(known)
        self._fresh_products, self._fresh, self._changed = [], [], []
        self._renamed = {}

    async def _load(self, rows: Sequence[SheetRow]) -> dict[str, Variant]:
        """The known variants of these rows; locks go from products to variants."""
        skus = [row.sku for row in rows]
        ids = await store.product_ids_of(self._tx, skus)
        for product in await store.lock_products(self._tx, ids):
            self._products.setdefault(product.id, product)
        titles = {row.cells["title"] for row in rows if "title" in row.cells}
        for product in await store.products_by_title(self._tx, sorted(titles)):
            held = self._products.setdefault(product.id, product)
            self._by_title.setdefault(held.title, held)
        return {v.sku: v for v in await store.lock_variants_by_sku(self._tx, skus)}

    def _create(self, row: SheetRow) -> list[RowError]:
        errors = [
            RowError(row=row.row, field=column, message="a new SKU needs this")
            for column in row.missing()
        ]
        if errors:
            return errors
        minor = minor_of(row.cells["price"], row.cells.get("currency", "INR"))
        if minor is None:
            return [_too_fine(row)]
        product = self._by_title.get(row.cells["title"])
        if product is None:
            product = self._add_product(row)
        elif errors := self._describe(row, product):
            return errors
        else:
            product = self._products[product.id]
        blank = _blank(row.sku, product.id, self._now)
        self._fresh.append(_filled(blank, row, minor, product.title))
        self._result.created += 1
        return []

    def _add_product(self, row: SheetRow) -> Product:
        product = Product(
            id=new_id(),
            title=row.cells["title"],
            description=row.cells.get("description", ""),
            brand=row.cells.get("brand", ""),
            category=row.cells.get("category", ""),
            version=1,
            created_at=self._now,
            updated_at=self._now,
        )
        self._fresh_products.append(product)
        self._products[product.id] = self._by_title[product.title] = product
        self._remember(row, product.id)
        return product

    def _change(self, row: SheetRow, old: Variant) -> list[RowError]:
        currency = row.cells.get("currency", old.currency)
        minor: int | None = old.price_minor
        if "price" in row.cells:
            minor = minor_of(row.cells["price"], currency)
        if minor is None:
            return [_too_fine(row)]
        before = self._products[old.product_id]
        if errors := self._describe(row, before):
            return errors
        product = self._products[old.product_id]
        new = _filled(old, row, minor, product.title)
        if new == old and product == before:
            self._result.unchanged += 1
            return []
        self._changed.append(new)
        self._result.updated += 1
        return []

    def _describe(self, row: SheetRow, product: Product) -> list[RowError]:
        """Take over what the row says of its product; the first row to say something is right."""
        cells = {column: row.cells[column] for column in OF_PRODUCT if column in row.cells}
        errors = []
        for column, value in cells.items():
            first = self._said.get((product.id, column))
            if first and first[1] != value:
                message = f"row {first[0]} says {first[1]!r} for the same product"
                errors.append(RowError(row=row.row, field=column, message=message))
        if errors:
            return errors
        self._remember(row, product.id)
        told = msgspec.structs.replace(product, **cells)
        if told != product:
            self._products[product.id] = self._renamed[product.id] = told
            self._by_title[told.title] = told
        return []

    def _remember(self, row: SheetRow, product_id: UUID) -> None:
        for column in OF_PRODUCT:
            if column in row.cells:
                self._said.setdefault((product_id, column), (row.row, row.cells[column]))

    async def _write(self, known: dict[str, Variant]) -> None:
        if self._fresh_products:
            rows = [_product_row(self._products[p.id]) for p in self._fresh_products]
            await store.insert_products(self._tx, rows, self._now)
        fresh_ids = {product.id for product in self._fresh_products}
        told = [p for p in self._renamed.values() if p.id not in fresh_ids]
        if told:
            await store.update_products(self._tx, told, self._now)
        changed = {variant.id: variant for variant in self._changed}
        for variant in await store.variants_of_products(self._tx, [p.id for p in told]):
            new = changed.get(variant.id, variant)
            title = title_of(self._products[variant.product_id].title, new.label)
            if new is not variant or title != new.title:
                changed[variant.id] = msgspec.structs.replace(new, title=title)
        await self._write_variants(list(changed.values()))

    async def _write_variants(self, changed: Sequence[Variant]) -> None:
        if self._fresh:
            rows = [
                {**msgspec.structs.asdict(v),
                 "title": title_of(self._products[v.product_id].title, v.label)}
                for v in self._fresh
            ]  # fmt: skip
            taken = await store.insert_variants(self._tx, rows, self._now)
            if len(taken) < len(rows):  # somebody created one of them by hand this moment
                raise SkuTaken(sorted({row["sku"] for row in rows} - taken))
        if changed:
            await store.update_variants(self._tx, changed, self._now)
        await self._tx.publish(
            *(VariantChanged(variant_id=v.id, sku=v.sku) for v in (*self._fresh, *changed))
        )


def _product_row(product: Product) -> dict[str, Any]:
    return {field: getattr(product, field) for field in ("id", *OF_PRODUCT)}


def _too_fine(row: SheetRow) -> RowError:
    return RowError(row=row.row, field="price", message="more decimals than the currency has")


def _blank(sku: str, product_id: UUID, now: datetime) -> Variant:
    return Variant(
        id=new_id(),
        product_id=product_id,
        sku=sku,
        title="",
        label="",
        hsn="",
        unit="NOS",
        tax_class="",
        barcode=None,
        price_minor=0,
        price_includes_tax=True,
        currency="INR",
        weight_grams=0,
        length_mm=0,
        width_mm=0,
        height_mm=0,
        is_active=True,
        version=1,
        created_at=now,
        updated_at=now,
    )


def _filled(variant: Variant, row: SheetRow, minor: int, product_title: str) -> Variant:
    own = {
        column: value
        for column, value in row.cells.items()
        if column in COLUMNS and column not in {*OF_PRODUCT, "price"}
    }
    label = own.get("label", variant.label)
    return msgspec.structs.replace(
        variant, **own, price_minor=minor, title=title_of(product_title, label)
    )
