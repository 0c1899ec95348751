"""From what people write to a place in the city. Spelling may be loose, the place may not be."""

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec

from tandem.sandbox.city.addresses import Address, Addresses
from tandem.sandbox.city.geometry import Projection
from tandem.sandbox.city.network import Network, Street

TEXT_CHARACTERS_MAX = 300
WORDS_MAX = 24
PHRASE_WORDS_MAX = 4
LIKENESS_MIN = 0.8
SHORT_FORMS = {
    "rd": "road",
    "st": "street",
    "str": "street",
    "ave": "avenue",
    "av": "avenue",
    "lyt": "layout",
    "extn": "extension",
    "ext": "extension",
    "crs": "cross",
    "mn": "main",
    "first": "1st",
    "second": "2nd",
    "third": "3rd",
    "fourth": "4th",
    "fifth": "5th",
}

Phrase = tuple[str, ...]
Named = TypeVar("Named")


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """`score` orders candidates of one query and means nothing beyond it."""

    address: Address
    score: float


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What was recognised in a text. Positions are word indexes."""

    words: Phrase
    pin: str | None
    districts: frozenset[int]
    numbers: tuple[tuple[int, int], ...]
    """(position, number) of plain numbers that may be a house's."""


class Geocoder:
    def __init__(self, network: Network, addresses: Addresses, projection: Projection) -> None:
        self._network = network
        self._addresses = addresses
        self._projection = projection
        self._streets = _by_phrase((street.name, street) for street in network.streets)
        self._places = _by_phrase((place.name, place) for place in (*network.parks, *network.lakes))
        self._districts = _by_phrase(
            (district.name, number) for number, district in enumerate(network.districts)
        )
        phrases = (*self._streets, *self._places, *self._districts)
        self._words = sorted({word for phrase in phrases for word in phrase})

    def list_candidates(self, text: str, *, limit: int) -> list[Candidate]:
        """Best first; streets and places before whole districts."""
        query = self._read(text)
        found = [*self._match_streets(query), *self._match_places(query)]
        if not found:
            found = list(self._match_districts(query))
        found.sort(key=lambda candidate: (-candidate.score, candidate.address.label))
        return found[:limit]

    def find(self, text: str) -> Address | None:
        """The one best place; None when nothing fits or several fit equally well."""
        best = self.list_candidates(text, limit=2)
        if not best or (len(best) == 2 and best[0].score == best[1].score):
            return None
        return best[0].address

    def _read(self, text: str) -> Query:
        raw = re.findall(r"[^\W_]+", text[:TEXT_CHARACTERS_MAX].casefold())[:WORDS_MAX]
        words = tuple(self._correct(SHORT_FORMS.get(word, word)) for word in raw)
        joined = re.search(r"(?<!\d)(\d{3})\s?(\d{3})(?!\d)", text)
        numbers = tuple(
            (position, int(word))
            for position, word in enumerate(words)
            if word.isascii() and word.isdigit() and len(word) <= 5
        )
        return Query(
            words=words,
            pin=joined[1] + joined[2] if joined else None,
            districts=frozenset(
                number for _, numbers in _find(self._districts, words) for number in numbers
            ),
            numbers=numbers,
        )

    def _correct(self, word: str) -> str:
        """The nearest word that occurs in the city, if it is near; numbers stay as they are."""
        if any(character.isdigit() for character in word) or len(word) < 3:
            return word
        close = difflib.get_close_matches(word, self._words, n=1, cutoff=LIKENESS_MIN)
        return close[0] if close else word

    def _match_streets(self, query: Query) -> Iterator[Candidate]:
        for position, streets in _find(self._streets, query.words):
            for street in streets:
                yield from self._match_street(query, position, street)

    def _match_street(self, query: Query, position: int, street: Street) -> Iterator[Candidate]:
        house = _house_before(query, position)
        address = self._addresses.at_house(street, house) if house is not None else None
        score = 2.0 + 0.1 * len(street.name.split())
        if house is not None:
            score += 1.0 if address else -0.5
        if address is None:
            touched = {
                bank.district for piece in street.segments for bank in (piece.left, piece.right)
            }
            wanted = sorted(query.districts & touched)
            address = self._addresses.at_middle(street, wanted[0] if wanted else None)
        yield Candidate(address=address, score=score + self._score_area(query, address))

    def _match_places(self, query: Query) -> Iterator[Candidate]:
        for _, places in _find(self._places, query.words):
            for place in places:
                address = msgspec.structs.replace(
                    self._addresses.at_district(place.district),
                    place=place.name,
                    position=self._projection.to_globe(place.middle),
                )
                yield Candidate(address=address, score=2.0 + self._score_area(query, address))

    def _match_districts(self, query: Query) -> Iterator[Candidate]:
        for number, district in enumerate(self._network.districts):
            if number in query.districts or district.pin == query.pin:
                address = self._addresses.at_district(number)
                yield Candidate(address=address, score=self._score_area(query, address))

    def _score_area(self, query: Query, address: Address) -> float:
        score = 0.0
        if query.districts:
            named = {self._network.districts[number].name for number in query.districts}
            score += 2.0 if address.district in named else -2.0
        if query.pin:
            score += 1.5 if address.pin == query.pin else -1.5
        return score


def _house_before(query: Query, position: int) -> int | None:
    """The last plain number before the street's name: in `Flat 2, 14, 3rd Cross` it is 14."""
    before = [number for place, number in query.numbers if place < position]
    return before[-1] if before else None


def _by_phrase(items: Iterable[tuple[str, Named]]) -> dict[Phrase, list[Named]]:
    found: defaultdict[Phrase, list[Named]] = defaultdict(list)
    for name, item in items:
        found[tuple(name.casefold().split())].append(item)
    return dict(found)


def _find(known: dict[Phrase, list[Named]], words: Phrase) -> Iterator[tuple[int, list[Named]]]:
    """Every known phrase within the words and where it begins; a longer one hides those in it."""
    position = 0
    while position < len(words):
        for length in range(min(PHRASE_WORDS_MAX, len(words) - position), 0, -1):
            items = known.get(words[position : position + length])
            if items is not None:
                yield position, items
                position += length
                break
        else:
            position += 1
