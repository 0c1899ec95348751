"""The catalogue a test starts from."""

from typing import Any

from tandem.scm.catalog.domain import NewProduct, NewVariant


def variant(sku: str, **changes: Any) -> NewVariant:
    given: dict[str, Any] = {
        "sku": sku,
        "hsn": "0902",
        "tax_class": "merit",
        "price_minor": 16_500,
        "weight_grams": 290,
        **changes,
    }
    return NewVariant(**given)


def product(title: str, *skus: str, **changes: Any) -> NewProduct:
    """A product whose variants' labels are their SKUs where there are several."""
    variants = [variant(sku, label=sku if len(skus) > 1 else "", **changes) for sku in skus]
    return NewProduct(title=title, variants=variants)
