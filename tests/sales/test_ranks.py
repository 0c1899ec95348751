"""Places between places, without end."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tandem.crm.sales.domain.ranks import DIGITS, between, spaced


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60))
def test_whatever_is_put_wherever_the_order_holds(places: list[int]) -> None:
    ranks: list[str] = []
    for place in places:
        at = place % (len(ranks) + 1)
        before = ranks[at - 1] if at else None
        after = ranks[at] if at < len(ranks) else None
        ranks.insert(at, between(before, after))
    assert all(one < other for one, other in pairwise(ranks))
    assert not any(rank.endswith(DIGITS[0]) for rank in ranks)


def test_ten_thousand_moves_between_the_same_two_never_collide() -> None:
    low, high = between(None, None), between(between(None, None), None)
    for turn in range(10_000):
        found = between(low, high)
        assert low < found < high
        low, high = (found, high) if turn % 2 else (low, found)


def test_a_column_is_spaced_out_evenly() -> None:
    for count in (0, 1, 5, 61, 62, 500, 4000):
        ranks = spaced(count)
        assert len(ranks) == count
        assert all(one < other for one, other in pairwise(ranks))
        assert not any(rank.endswith(DIGITS[0]) for rank in ranks)
    assert max(map(len, spaced(4000))) <= 3
