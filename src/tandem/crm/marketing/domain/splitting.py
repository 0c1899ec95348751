"""Who gets which variant, and who gets nothing: decided by the person alone, so it never changes.

SHA-256 of campaign and person, so that two campaigns split independently of each other.
"""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from tandem.crm.marketing.domain.campaigns import Variant

WHOLE = 2**64


def place(campaign_id: UUID, customer_id: UUID, purpose: str) -> float:
    """Where the person falls in [0, 1), evenly and independently for each purpose."""
    digest = hashlib.sha256(campaign_id.bytes + customer_id.bytes + purpose.encode()).digest()
    return int.from_bytes(digest[:8], "big") / WHOLE


def is_held_out(campaign_id: UUID, customer_id: UUID, percent: int) -> bool:
    return place(campaign_id, customer_id, "holdout") * 100 < percent


def variant_for(campaign_id: UUID, customer_id: UUID, variants: Sequence["Variant"]) -> "Variant":
    """By weight; the same person always falls to the same one."""
    whole = sum(variant.weight for variant in variants)
    at = place(campaign_id, customer_id, "variant") * whole
    for variant in variants:
        at -= variant.weight
        if at < 0:
            return variant
    return variants[-1]
