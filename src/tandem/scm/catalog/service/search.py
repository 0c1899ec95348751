"""Finding what can be sold: by SKU for an order, by a few typed letters for a person."""

from collections.abc import Sequence
from uuid import UUID

from tandem.contracts.catalog import VariantFacts
from tandem.kernel.db import Tx
from tandem.scm.catalog import store
from tandem.scm.catalog.domain import Variant

WORDS_MAX = 8
FORGIVING_FROM = 4
"""Typed letters from which a misspelling is looked for; shorter texts resemble everything."""


async def facts(tx: Tx, skus: Sequence[str]) -> dict[str, VariantFacts]:
    """What order lines copy, by SKU, in one query; unknown SKUs are absent, inactive ones are not.

    Asks no permission: whoever may place or price an order may know these.
    """
    return {found.sku: found for found in await store.facts(tx, skus)}


async def facts_by_id(tx: Tx, variant_ids: Sequence[UUID]) -> dict[UUID, VariantFacts]:
    """The same by variant id, for services that keep only ids."""
    return {found.variant_id: found for found in await store.facts_by_id(tx, variant_ids)}


async def search(tx: Tx, text: str, limit: int) -> list[VariantFacts]:
    """Active variants whose title, SKU or barcode contain every typed word, best first.

    Where none does and the server has pg_trgm, the text is taken as misspelt.
    """
    tx.actor.require("catalog.read")
    words = text.lower().split()[:WORDS_MAX]
    if not words:
        return []
    wanted = " ".join(words)
    found = await store.matching(tx, words, wanted, limit)
    if not found and len(wanted) >= FORGIVING_FROM:
        found = await store.similar(tx, wanted, limit)
    return [one for one in found if found_by(tx, text, one)]


def found_by(tx: Tx, text: str, *variants: Variant | VariantFacts) -> bool:
    """Whether what was typed is in what the reader may see: nobody finds by a hidden barcode."""
    words = text.lower().split()
    if not words or not tx.actor.hides("product", "barcode"):
        return True
    return any(all(word in f"{one.title} {one.sku}".lower() for word in words) for one in variants)
