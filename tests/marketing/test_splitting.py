"""Who gets which variant: even, for ever the same, and never a surprise by looking early."""

import math
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from tandem.crm.marketing.domain.campaigns import Limits, Variant
from tandem.crm.marketing.domain.results import Result, difference, wilson, winner
from tandem.crm.marketing.domain.splitting import is_held_out, variant_for
from tandem.crm.marketing.domain.stopping import Ends, since, why_stop

CAMPAIGN = UUID("0197f2a0-0000-7000-8000-0000000000aa")
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def variants(*weights: int) -> list[Variant]:
    return [
        Variant(id=UUID(int=place + 1), position=place, name=f"V{place}", weight=weight)
        for place, weight in enumerate(weights)
    ]


@pytest.mark.parametrize("weights", [(1, 1), (3, 1)])
def test_a_hundred_thousand_people_split_by_weight_within_four_sigma(
    weights: tuple[int, int],
) -> None:
    """A-MKT-20. Ids that follow each other, as they do in a list, split as evenly as any."""
    count = 100_000
    first = int(CAMPAIGN)
    shares = variants(*weights)
    got = sum(
        variant_for(CAMPAIGN, UUID(int=first + n), shares).position == 0 for n in range(count)
    )
    share = weights[0] / sum(weights)
    sigma = math.sqrt(count * share * (1 - share))
    assert abs(got - count * share) < 4 * sigma


def test_a_person_always_falls_to_the_same_variant_and_campaigns_are_independent() -> None:
    people = [uuid4() for _ in range(2_000)]
    shares = variants(1, 1)
    once = [variant_for(CAMPAIGN, one, shares).position for one in people]
    assert [variant_for(CAMPAIGN, one, shares).position for one in people] == once
    other = [variant_for(uuid4(), one, shares).position for one in people[:1]]
    assert other[0] in (0, 1)
    second = UUID(int=int(CAMPAIGN) + 1)
    both = sum(
        variant_for(second, one, shares).position == before
        for one, before in zip(people, once, strict=True)
    )
    assert abs(both - 1_000) < 4 * math.sqrt(500)
    held = [is_held_out(CAMPAIGN, one, 10) for one in people]
    assert abs(sum(held) - 200) < 4 * math.sqrt(180)
    assert not any(is_held_out(CAMPAIGN, one, 0) for one in people)


def test_intervals_are_those_that_wilson_published() -> None:
    """Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263 and 15 of 148 at 95 %."""
    assert [round(one, 4) for one in wilson(81, 263)] == [0.2553, 0.3662]
    assert [round(one, 4) for one in wilson(15, 148)] == [0.0624, 0.1605]
    assert wilson(0, 0) == (0.0, 1.0)
    assert difference((10, 100), (10, 100)) == 1.0


def result(name: str, clicked: int, reached: int) -> Result:
    low, high = wilson(clicked, reached)
    return Result(
        variant_id=UUID(int=ord(name)), name=name, planned=reached, reached=reached, delivered=0,
        bounced=0, complained=0, failed=0, unknown=0, skipped=0, opened=0, clicked=clicked,
        unsubscribed=0, click_rate=clicked / reached, click_low=low, click_high=high,
    )  # fmt: skip


def test_a_winner_is_named_when_chance_is_ruled_out_and_whoever_peeks_is_warned() -> None:
    clear = [result("A", 200, 1_000), result("B", 120, 1_000)]
    late = winner(clear, started_at=NOW - timedelta(days=2), now=NOW)
    assert late and (late.variant_id, late.warning) == (UUID(int=ord("A")), "")
    assert late.confidence_percent > 99
    early = winner(clear, started_at=NOW - timedelta(hours=2), now=NOW)
    assert early and "less than a day" in early.warning
    close = winner(
        [result("A", 101, 1_000), result("B", 100, 1_000)],
        started_at=NOW - timedelta(days=2),
        now=NOW,
    )
    assert close and (close.variant_id, close.says) == (None, "The difference may be chance.")
    assert winner(clear[:1], started_at=NOW, now=NOW) is None
    few = winner(
        [result("A", 20, 50), result("B", 2, 50)], started_at=NOW - timedelta(days=2), now=NOW
    )
    assert few and "fewer than 100" in few.warning


@pytest.mark.parametrize(
    ("ends", "reason"),
    [
        (Ends(sent=400, bounced=100), "bounces"),
        (Ends(sent=990, bounced=5, complained=11), "complaints"),
        (Ends(sent=70, failed=30), "errors"),
        (Ends(sent=980, bounced=20), None),
        (Ends(sent=10, bounced=10), None),
        (Ends(sent=98, complained=2), None),
    ],
)
def test_a_campaign_stops_at_its_limits_and_not_for_a_handful(
    ends: Ends, reason: str | None
) -> None:
    stop = why_stop(ends, Limits())
    assert (stop.reason if stop else None) == reason


def test_limits_count_from_where_somebody_let_it_go_on() -> None:
    before = Ends(sent=400, bounced=100)
    assert why_stop(since(Ends(sent=600, bounced=103), before), Limits()) is None
    assert why_stop(since(Ends(sent=500, bounced=150), before), Limits())
