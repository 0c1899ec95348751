"""How alike two people are by name and address, where they share no phone, e-mail or tax number.

The measure of Febrl's sets 1-3 (`tests/customers/test_likeness.py`): of a hundred pairs that are
told, 98 at least are one person; of a hundred that are one person, 80 at least are told.
"""

import re
from functools import lru_cache
from uuid import UUID

import msgspec

ALIKE = 1.3
NAME_LEAST = 0.25
CITY_COUNTS, PIN_COUNTS = 0.5, 0.3
_WORD = re.compile(r"\w+")


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    line1: str
    city: str
    postal_code: str


class Candidates(msgspec.Struct, frozen=True, kw_only=True):
    """Two who stand near each other: in one PIN code or one street, with something in common."""

    first_id: UUID
    first_number: str
    first: Facts
    second_id: UUID
    second_number: str
    second: Facts


def are_alike(one: Facts, other: Facts) -> bool:
    """Names must agree somewhat; name and street together nearly, or with city and PIN code."""
    names = likeness(one.name, other.name)
    if names < NAME_LEAST:
        return False
    score = names + likeness(one.line1, other.line1)
    score += CITY_COUNTS * likeness(one.city, other.city)
    return score + PIN_COUNTS * (one.postal_code == other.postal_code != "") >= ALIKE


def likeness(one: str, other: str) -> float:
    """Shared trigrams of all trigrams, 0 to 1, whatever the order of the words (as pg_trgm)."""
    first, second = _trigrams(one), _trigrams(other)
    return len(first & second) / len(first | second) if first and second else 0.0


@lru_cache(maxsize=4096)
def _trigrams(text: str) -> frozenset[str]:
    padded = (f"  {word} " for word in _WORD.findall(text.lower()))
    return frozenset(word[at : at + 3] for word in padded for at in range(len(word) - 2))
