"""Products and variants, one at a time. Locks go from the product to its variants."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from tandem.contracts.catalog import VariantChanged
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.fields import changeable
from tandem.kernel.ids import new_id
from tandem.kernel.money import check_currency
from tandem.kernel.pages import Page, decode_cursor, page_of
from tandem.scm.catalog import store
from tandem.scm.catalog.domain import (
    NewProduct,
    NewVariant,
    Product,
    ProductChange,
    SkuTaken,
    Variant,
    VariantChange,
    check_tax_class,
    title_of,
)
from tandem.scm.catalog.service.search import found_by

Sort = Literal["title", "sku"]


async def create_product(tx: Tx, new: NewProduct, *, now: datetime) -> Product:
    """A product with its variants. Refuses a SKU in use (or twice here) and unknown tax classes."""
    tx.actor.require("catalog.write")
    product_id = new_id()
    row = {
        "id": product_id,
        "title": new.title.strip(),
        "description": new.description,
        "brand": new.brand.strip(),
        "category": new.category.strip(),
    }
    await store.insert_products(tx, [row], now)
    await _insert(tx, product_id, new.title.strip(), new.variants, now)
    return await get_product(tx, product_id)


async def add_variants(
    tx: Tx, product: Product, variants: Sequence[NewVariant], *, now: datetime
) -> Product:
    """More variants for a product that `lock_product` returned."""
    tx.actor.require("catalog.write")
    await _insert(tx, product.id, product.title, variants, now)
    return await get_product(tx, product.id)


async def _insert(
    tx: Tx, product_id: UUID, title: str, variants: Sequence[NewVariant], now: datetime
) -> None:
    for place, variant in enumerate(variants):
        check_tax_class(variant.tax_class, field=f"variants[{place}].tax_class")
        check_currency(variant.currency, field=f"variants[{place}].currency")
    rows: list[dict[str, Any]] = [
        {
            **msgspec.structs.asdict(variant),
            "id": new_id(),
            "product_id": product_id,
            "label": variant.label.strip(),
            "title": title_of(title, variant.label.strip()),
        }
        for variant in variants
    ]
    taken = await store.insert_variants(tx, rows, now)
    if len(taken) < len(rows):
        skus = [row["sku"] for row in rows]
        twice = {sku for sku in skus if skus.count(sku) > 1}
        raise SkuTaken(sorted(twice or set(skus) - taken))
    await tx.publish(*(VariantChanged(variant_id=row["id"], sku=row["sku"]) for row in rows))


async def get_product(tx: Tx, product_id: UUID) -> Product:
    tx.actor.require("catalog.read")
    return _with_variants(
        await store.products_by_id(tx, [product_id]),
        await store.variants_of_products(tx, [product_id]),
    )[0]


async def lock_product(tx: Tx, product_id: UUID) -> Product:
    """The product with its variants, theirs and its row locked for a change."""
    tx.actor.require("catalog.write")
    locked = await store.lock_products(tx, [product_id])
    return _with_variants(locked, await store.lock_variants_of(tx, product_id))[0]


def _with_variants(products: list[Product], variants: list[Variant]) -> list[Product]:
    if not products:
        raise NotFound("There is no such product.")
    of: dict[UUID, list[Variant]] = {product.id: [] for product in products}
    for variant in variants:
        of[variant.product_id].append(variant)
    return [msgspec.structs.replace(product, variants=of[product.id]) for product in products]


async def get_variant(tx: Tx, variant_id: UUID) -> Variant:
    tx.actor.require("catalog.read")
    found = await store.variants_by_id(tx, [variant_id])
    if not found:
        raise NotFound("There is no such variant.")
    return found[0]


async def lock_variant(tx: Tx, variant_id: UUID) -> Variant:
    """The variant locked for a change; its product first, because its title goes into ours."""
    tx.actor.require("catalog.write")
    found = await store.variants_by_id(tx, [variant_id])
    if found:
        await store.lock_products(tx, [found[0].product_id])
    locked = await store.lock_variant(tx, variant_id)
    if locked is None:
        raise NotFound("There is no such variant.")
    return locked


async def change_variant(
    tx: Tx, variant: Variant, change: VariantChange, *, now: datetime
) -> Variant:
    """Apply what is given to a variant from `lock_variant`. Orders keep what they copied."""
    tx.actor.require("catalog.write")
    given = changeable(tx.actor, "product", _given(change))
    if "tax_class" in given:
        check_tax_class(given["tax_class"])
    if "currency" in given:
        check_currency(given["currency"])
    product = (await store.products_by_id(tx, [variant.product_id]))[0]
    label = given.get("label", variant.label).strip()
    changed = msgspec.structs.replace(
        variant, **{**given, "label": label, "title": title_of(product.title, label)}
    )
    await _update(tx, [variant], [changed], now)
    return await get_variant(tx, variant.id)


async def change_product(
    tx: Tx, product: Product, change: ProductChange, *, now: datetime
) -> Product:
    """Apply what is given to a product from `lock_product`; a title goes to its variants."""
    tx.actor.require("catalog.write")
    given = {
        field: value if field == "description" else value.strip()
        for field, value in changeable(tx.actor, "product", _given(change)).items()
    }
    changed = msgspec.structs.replace(product, **given)
    await store.update_products(tx, [changed], now)
    await _write_audit(tx, "product", product, changed, now)
    if changed.title != product.title:
        titled = [
            msgspec.structs.replace(v, title=title_of(changed.title, v.label))
            for v in product.variants
        ]
        await _update(tx, product.variants, titled, now)
    return await get_product(tx, product.id)


async def set_active(
    tx: Tx, variants: Sequence[Variant], *, is_active: bool, now: datetime
) -> None:
    """Put locked variants on sale or take them off. Those that are so already are left alone."""
    tx.actor.require("catalog.write")
    before = [variant for variant in variants if variant.is_active is not is_active]
    after = [msgspec.structs.replace(variant, is_active=is_active) for variant in before]
    if before:
        await _update(tx, before, after, now)


async def _update(
    tx: Tx, before: Sequence[Variant], after: Sequence[Variant], now: datetime
) -> None:
    await store.update_variants(tx, after, now)
    for old, new in zip(before, after, strict=True):
        await _write_audit(tx, "variant", old, new, now)
    await tx.publish(*(VariantChanged(variant_id=new.id, sku=new.sku) for new in after))


async def _write_audit(
    tx: Tx, kind: str, before: Product | Variant, after: Product | Variant, now: datetime
) -> None:
    old, new = msgspec.to_builtins(before), msgspec.to_builtins(after)
    changed = [field for field in new if field != "variants" and new[field] != old[field]]
    await audit.write(
        tx,
        action=f"catalog.change_{kind}",
        subject_kind=kind,
        subject_id=before.id,
        now=now,
        before={field: old[field] for field in changed},
        after={field: new[field] for field in changed},
    )


def _given(change: msgspec.Struct) -> dict[str, Any]:
    return {
        field: value
        for field, value in msgspec.structs.asdict(change).items()
        if value is not msgspec.UNSET
    }


async def list_products(
    tx: Tx,
    *,
    text: str = "",
    category: str = "",
    is_active: bool | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page[Product]:
    """By title. `text` is found in a variant's title, SKU or barcode."""
    tx.actor.require("catalog.read")
    filters = store.Filters(pattern=_pattern(text), is_active=is_active, category=category)
    rows = await store.list_products(tx, filters, after=_after(cursor), limit=limit + 1)
    page = page_of(rows, limit, lambda product: (product.title, product.id))
    if page.items:
        ids = [product.id for product in page.items]
        page.items = _with_variants(page.items, await store.variants_of_products(tx, ids))
    page.items = [one for one in page.items if found_by(tx, text, *one.variants)]
    return page


async def list_variants(
    tx: Tx,
    *,
    text: str = "",
    tax_class: str = "",
    is_active: bool | None = None,
    sort: Sort = "title",
    limit: int,
    cursor: str | None = None,
) -> Page[Variant]:
    tx.actor.require("catalog.read")
    filters = store.Filters(pattern=_pattern(text), is_active=is_active, tax_class=tax_class)
    rows = await store.list_variants(
        tx, filters, by_sku=sort == "sku", after=_after(cursor), limit=limit + 1
    )
    page = page_of(rows, limit, lambda variant: (getattr(variant, sort), variant.id))
    page.items = [one for one in page.items if found_by(tx, text, one)]
    return page


def _pattern(text: str) -> str:
    """Every word, in the order typed."""
    words = [store.literal(word) for word in text.lower().split()]
    return f"%{'%'.join(words)}%" if words else "%"


def _after(cursor: str | None) -> tuple[str, UUID]:
    if cursor is None:
        return "", store.NOTHING
    title, variant_id = decode_cursor(cursor, str, UUID)
    return title, variant_id
