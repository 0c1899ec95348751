"""The models of repeat buying against their authors' own figures.

CDNOW, a tenth of the customers (Fader and Hardie; as shipped by lifetimes 0.11.3, MIT).
"""

import csv
from pathlib import Path

import pytest

from tandem.crm.customers.domain.lifetime import (
    Buying,
    History,
    chance_alive,
    expected_purchases,
    expected_spend,
    fit_buying,
    fit_spending,
)

DATA = Path(__file__).parent / "data" / "cdnow.csv"


@pytest.fixture(scope="module")
def cdnow() -> list[History]:
    with DATA.open() as file:
        return [
            History(
                repeats=int(row["x"]),
                last=float(row["t_x"]),
                age=float(row["T"]),
                spend=float(row["zbar"]),
            )
            for row in csv.DictReader(file)
        ]


@pytest.fixture(scope="module")
def buying(cdnow: list[History]) -> Buying:
    return fit_buying(cdnow)


def test_repeat_buying_fits_cdnow_as_published(cdnow: list[History], buying: Buying) -> None:
    assert len(cdnow) == 2357
    found = [buying.r, buying.alpha, buying.a, buying.b]
    assert found == pytest.approx([0.243, 4.414, 0.793, 2.426], abs=0.01)
    assert buying.log_likelihood == pytest.approx(-9582.4, abs=0.1)


def test_the_next_39_weeks_of_the_papers_customer_are_as_published(buying: Buying) -> None:
    person = History(repeats=2, last=30.43, age=38.86)
    assert expected_purchases(buying, person, 39) == pytest.approx(1.226, abs=0.001)


def test_spending_fits_cdnow_as_published(cdnow: list[History]) -> None:
    model = fit_spending(cdnow)
    assert model.p == pytest.approx(6.25, abs=0.02)
    assert model.q == pytest.approx(3.74, abs=0.02)
    assert model.v == pytest.approx(15.44, abs=0.1)
    everybody = model.p * model.v / (model.q - 1)
    assert expected_spend(model, History(repeats=0, last=0, age=30)) == pytest.approx(everybody)
    often = expected_spend(model, History(repeats=20, last=30, age=30, spend=100))
    once = expected_spend(model, History(repeats=1, last=30, age=30, spend=100))
    assert everybody < once < often < 100


def test_silence_says_more_of_a_frequent_buyer(buying: Buying) -> None:
    rare = chance_alive(buying, History(repeats=1, last=10, age=38))
    frequent = chance_alive(buying, History(repeats=10, last=10, age=38))
    fresh = chance_alive(buying, History(repeats=10, last=38, age=38))
    assert frequent < rare < fresh < 1
    assert chance_alive(buying, History(repeats=0, last=0, age=38)) == 1
