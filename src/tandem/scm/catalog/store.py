"""All of the catalogue's SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.contracts.catalog import VariantFacts
from tandem.kernel.db import Query, Tx
from tandem.scm.catalog.domain import Product, Variant

NOTHING = UUID(int=0)

FACTS = Query(
    """
    select id as variant_id, sku, title, hsn, unit, tax_class, price_minor, price_includes_tax,
           currency, weight_grams, length_mm, width_mm, height_mm, is_active
      from catalog.variant
     where org_id = :org_id and sku = any(:skus::text[])
    """
)

FACTS_BY_ID = Query(
    """
    select id as variant_id, sku, title, hsn, unit, tax_class, price_minor, price_includes_tax,
           currency, weight_grams, length_mm, width_mm, height_mm, is_active
      from catalog.variant
     where org_id = :org_id and id = any(:ids::uuid[])
    """
)

MATCHING = Query(
    """
    select v.id as variant_id, v.sku, v.title, v.hsn, v.unit, v.tax_class, v.price_minor,
           v.price_includes_tax, v.currency, v.weight_grams, v.length_mm, v.width_mm,
           v.height_mm, v.is_active
      from catalog.matching_variants(:longest, :patterns::text[], :text, :limit)
           with ordinality as found (variant_id, place)
      join catalog.variant v on v.org_id = :org_id and v.id = found.variant_id
     order by place
    """
)

SIMILAR = Query(
    """
    select v.id as variant_id, v.sku, v.title, v.hsn, v.unit, v.tax_class, v.price_minor,
           v.price_includes_tax, v.currency, v.weight_grams, v.length_mm, v.width_mm,
           v.height_mm, v.is_active
      from catalog.similar_variants(:text, :limit) with ordinality as found (variant_id, place)
      join catalog.variant v on v.org_id = :org_id and v.id = found.variant_id
     order by place
    """
)

INSERT_PRODUCTS = Query(
    """
    insert into catalog.product
           (org_id, id, title, description, brand, category, created_at, updated_at)
    select :org_id, id, title, description, brand, category, :now::timestamptz, :now::timestamptz
      from jsonb_to_recordset(:rows::jsonb)
           as given (id uuid, title text, description text, brand text, category text)
    """
)

INSERT_VARIANTS = Query(
    """
    insert into catalog.variant
           (org_id, id, product_id, sku, title, label, hsn, unit, tax_class, barcode, price_minor,
            price_includes_tax, currency, weight_grams, length_mm, width_mm, height_mm, is_active,
            created_at, updated_at)
    select :org_id, id, product_id, sku, title, label, hsn, unit, tax_class, barcode, price_minor,
           price_includes_tax, currency, weight_grams, length_mm, width_mm, height_mm, is_active,
           :now::timestamptz, :now::timestamptz
      from jsonb_to_recordset(:rows::jsonb)
           as given (id uuid, product_id uuid, sku text, title text, label text, hsn text,
                     unit text, tax_class text, barcode text, price_minor bigint,
                     price_includes_tax boolean, currency text, weight_grams int, length_mm int,
                     width_mm int, height_mm int, is_active boolean)
     order by sku
        on conflict (org_id, sku) do nothing
    returning sku
    """
)

UPDATE_VARIANTS = Query(
    """
    update catalog.variant v
       set title = given.title, label = given.label, hsn = given.hsn, unit = given.unit,
           tax_class = given.tax_class, barcode = given.barcode, price_minor = given.price_minor,
           price_includes_tax = given.price_includes_tax, currency = given.currency,
           weight_grams = given.weight_grams, length_mm = given.length_mm,
           width_mm = given.width_mm, height_mm = given.height_mm, is_active = given.is_active,
           version = v.version + 1, updated_at = :now
      from jsonb_to_recordset(:rows::jsonb)
           as given (id uuid, title text, label text, hsn text, unit text, tax_class text,
                     barcode text, price_minor bigint, price_includes_tax boolean, currency text,
                     weight_grams int, length_mm int, width_mm int, height_mm int,
                     is_active boolean)
     where v.org_id = :org_id and v.id = given.id
    """
)

UPDATE_PRODUCTS = Query(
    """
    update catalog.product p
       set title = given.title, description = given.description, brand = given.brand,
           category = given.category, version = p.version + 1, updated_at = :now
      from jsonb_to_recordset(:rows::jsonb)
           as given (id uuid, title text, description text, brand text, category text)
     where p.org_id = :org_id and p.id = given.id
    """
)

ONE_IMPORT_AT_A_TIME = Query(
    """
    select pg_advisory_xact_lock(hashtextextended('catalog.import ' || :org_id::uuid::text, 0)),
           -- An import outgrows the plans made for a small table while it runs.
           set_config('plan_cache_mode', 'force_custom_plan', true)
    """
)

PRODUCT_IDS_OF = Query(
    """
    select distinct product_id
      from catalog.variant
     where org_id = :org_id and sku = any(:skus::text[])
    """
)

_PRODUCT: LiteralString = """
    select id, title, description, brand, category, version, created_at, updated_at
      from catalog.product
"""

_VARIANT: LiteralString = """
    select id, product_id, sku, title, label, hsn, unit, tax_class, barcode, price_minor,
           price_includes_tax, currency, weight_grams, length_mm, width_mm, height_mm, is_active,
           version, created_at, updated_at
      from catalog.variant
"""

PRODUCTS_BY_ID = Query(_PRODUCT + "where org_id = :org_id and id = any(:ids::uuid[]) order by id")

PRODUCTS_BY_TITLE = Query(
    _PRODUCT + "where org_id = :org_id and title = any(:titles::text[]) order by title, id"
)

LOCK_PRODUCTS = Query(
    _PRODUCT + "where org_id = :org_id and id = any(:ids::uuid[]) order by id for update"
)

VARIANTS_BY_ID = Query(_VARIANT + "where org_id = :org_id and id = any(:ids::uuid[]) order by id")

VARIANTS_OF_PRODUCTS = Query(
    _VARIANT + "where org_id = :org_id and product_id = any(:ids::uuid[]) order by product_id, id"
)

LOCK_VARIANTS_BY_SKU = Query(
    _VARIANT + "where org_id = :org_id and sku = any(:skus::text[]) order by id for update"
)

LOCK_VARIANTS_OF = Query(
    _VARIANT + "where org_id = :org_id and product_id = :product_id order by id for update"
)

LOCK_VARIANT = Query(_VARIANT + "where org_id = :org_id and id = :id order by id for update")

LIST_PRODUCTS = Query(
    """
    select p.id, p.title, p.description, p.brand, p.category, p.version, p.created_at, p.updated_at
      from catalog.product p
     where p.org_id = :org_id
       and (p.title, p.id) > (:after_title, :after_id)
       and (:category = '' or p.category = :category)
       and (:is_active::boolean is null or :is_active = exists (
            select from catalog.variant v
             where v.org_id = :org_id and v.product_id = p.id and v.is_active))
       and (:pattern = '%' or exists (
            select from catalog.variant v
             where v.org_id = :org_id and v.product_id = p.id and v.search_text like :pattern))
     order by p.title, p.id
     limit :limit
    """
)

LIST_VARIANTS_BY_TITLE = Query(
    _VARIANT
    + """
     where org_id = :org_id
       and (title, id) > (:after, :after_id)
       and (:is_active::boolean is null or is_active = :is_active)
       and (:tax_class = '' or tax_class = :tax_class)
       and (:pattern = '%' or search_text like :pattern)
     order by title, id
     limit :limit
    """
)

LIST_VARIANTS_BY_SKU = Query(
    _VARIANT
    + """
     where org_id = :org_id
       and (sku, id) > (:after, :after_id)
       and (:is_active::boolean is null or is_active = :is_active)
       and (:tax_class = '' or tax_class = :tax_class)
       and (:pattern = '%' or search_text like :pattern)
     order by sku, id
     limit :limit
    """
)


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """`pattern` is a LIKE pattern over lower-case title, SKU and barcode; "%" is everything."""

    pattern: str = "%"
    is_active: bool | None = None
    category: str = ""
    tax_class: str = ""


async def facts(tx: Tx, skus: Sequence[str]) -> list[VariantFacts]:
    return await tx.many(FACTS, VariantFacts, skus=list(skus))


async def facts_by_id(tx: Tx, ids: Sequence[UUID]) -> list[VariantFacts]:
    return await tx.many(FACTS_BY_ID, VariantFacts, ids=list(ids))


async def matching(tx: Tx, words: Sequence[str], text: str, limit: int) -> list[VariantFacts]:
    patterns = [f"%{literal(word)}%" for word in words]
    return await tx.many(
        MATCHING,
        VariantFacts,
        longest=max(patterns, key=len),
        patterns=patterns,
        text=text,
        limit=limit,
    )


async def similar(tx: Tx, text: str, limit: int) -> list[VariantFacts]:
    return await tx.many(SIMILAR, VariantFacts, text=text, limit=limit)


def literal(text: str) -> str:
    """Text in a LIKE pattern that means itself."""
    return text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")


async def insert_products(tx: Tx, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    await tx.run(INSERT_PRODUCTS, rows=list(rows), now=now)


async def insert_variants(tx: Tx, rows: Sequence[dict[str, Any]], now: datetime) -> set[str]:
    """The SKUs that were free, and are now taken."""
    found = await tx.records(INSERT_VARIANTS, rows=list(rows), now=now)
    return {record["sku"] for record in found}


async def update_variants(tx: Tx, variants: Sequence[Variant], now: datetime) -> None:
    rows = [msgspec.structs.asdict(variant) for variant in variants]
    await tx.run(UPDATE_VARIANTS, rows=rows, now=now)


async def update_products(tx: Tx, products: Sequence[Product], now: datetime) -> None:
    rows = [
        {"id": p.id, "title": p.title, "description": p.description, "brand": p.brand,
         "category": p.category}
        for p in products
    ]  # fmt: skip
    await tx.run(UPDATE_PRODUCTS, rows=rows, now=now)


async def lock_imports(tx: Tx) -> None:
    await tx.run(ONE_IMPORT_AT_A_TIME)


async def product_ids_of(tx: Tx, skus: Sequence[str]) -> list[UUID]:
    found = await tx.records(PRODUCT_IDS_OF, skus=list(skus))
    return [record["product_id"] for record in found]


async def products_by_id(tx: Tx, ids: Sequence[UUID]) -> list[Product]:
    return await tx.many(PRODUCTS_BY_ID, Product, ids=list(ids))


async def products_by_title(tx: Tx, titles: Sequence[str]) -> list[Product]:
    return await tx.many(PRODUCTS_BY_TITLE, Product, titles=list(titles))


async def lock_products(tx: Tx, ids: Sequence[UUID]) -> list[Product]:
    return await tx.many(LOCK_PRODUCTS, Product, ids=list(ids))


async def variants_by_id(tx: Tx, ids: Sequence[UUID]) -> list[Variant]:
    return await tx.many(VARIANTS_BY_ID, Variant, ids=list(ids))


async def variants_of_products(tx: Tx, ids: Sequence[UUID]) -> list[Variant]:
    return await tx.many(VARIANTS_OF_PRODUCTS, Variant, ids=list(ids))


async def lock_variants_by_sku(tx: Tx, skus: Sequence[str]) -> list[Variant]:
    return await tx.many(LOCK_VARIANTS_BY_SKU, Variant, skus=list(skus))


async def lock_variants_of(tx: Tx, product_id: UUID) -> list[Variant]:
    return await tx.many(LOCK_VARIANTS_OF, Variant, product_id=product_id)


async def lock_variant(tx: Tx, variant_id: UUID) -> Variant | None:
    return await tx.one_or_none(LOCK_VARIANT, Variant, id=variant_id)


async def list_products(
    tx: Tx, filters: Filters, *, after: tuple[str, UUID] = ("", NOTHING), limit: int
) -> list[Product]:
    return await tx.many(
        LIST_PRODUCTS,
        Product,
        pattern=filters.pattern,
        is_active=filters.is_active,
        category=filters.category,
        after_title=after[0],
        after_id=after[1],
        limit=limit,
    )


async def list_variants(
    tx: Tx,
    filters: Filters,
    *,
    by_sku: bool,
    after: tuple[str, UUID] = ("", NOTHING),
    limit: int,
) -> list[Variant]:
    return await tx.many(
        LIST_VARIANTS_BY_SKU if by_sku else LIST_VARIANTS_BY_TITLE,
        Variant,
        pattern=filters.pattern,
        is_active=filters.is_active,
        tax_class=filters.tax_class,
        after=after[0],
        after_id=after[1],
        limit=limit,
    )
