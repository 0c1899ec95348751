"""How surely somebody new is somebody known, and when that is said before they are added."""

from collections.abc import Sequence
from typing import Literal, Protocol, TypeVar
from uuid import UUID

import msgspec

Strength = Literal["strong", "likely", "possible", "faint"]
"""`strong`: the same e-mail, phone, GSTIN or domain, or one name in one PIN code. `likely`: one
name, whatever its accents, the order of its words, titles and form of company. `possible`: a name
that sounds the same. `faint`: a name that many have, one word that only sounds the same, or one
name at addresses apart."""

STRENGTHS: Sequence[Strength] = ("strong", "likely", "possible", "faint")

COMMON_FROM = 6
"""A name that as many have says little of who somebody is."""
_BY_NAME = frozenset({"name", "spelling"})


class Known(Protocol):
    """`matched_on` is what both share: email, phone, gstin, domain, name, or spelling for a name
    that is only written another way."""

    @property
    def id(self) -> UUID: ...
    @property
    def matched_on(self) -> list[str]: ...
    @property
    def strength(self) -> Strength: ...


AnyKnown = TypeVar("AnyKnown", bound=Known)


def softened(found: Sequence[AnyKnown]) -> list[AnyKnown]:
    """The surest first, as they come; who shares no more than a name that many have is faint."""
    by_name = [one for one in found if _BY_NAME.issuperset(one.matched_on) and not _is_strong(one)]
    if len(by_name) < COMMON_FROM:
        return list(found)
    sure = [one for one in found if one not in by_name]
    return sure + [_faint(one) for one in by_name]


def is_telling(found: Sequence[Known]) -> bool:
    """Whether to ask before somebody is added: a common name alone would only be in the way."""
    return any(one.strength != "faint" for one in found)


def _is_strong(one: Known) -> bool:
    return one.strength == "strong"


def _faint(one: AnyKnown) -> AnyKnown:
    assert isinstance(one, msgspec.Struct), "whoever is told of is a struct"
    return msgspec.structs.replace(one, strength="faint")
