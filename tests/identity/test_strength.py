"""What a provider's words on how and when it saw somebody come to (ASVS V6.8.4)."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tandem.crm.identity.domain.strength import Expected, Told, read_told, what_is_missing

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
SILENT = Told()


@pytest.mark.parametrize(
    ("acr", "amr", "strong", "vouched", "is_strong"),
    [
        (None, [], [], False, False),
        (None, [], [], True, True),
        (None, ["mfa"], [], False, True),
        (None, ["pwd", "otp"], [], False, True),
        (None, ["hwk", "fpt"], [], False, True),
        (None, ["pwd"], [], True, False),
        (None, ["pwd", "pin"], [], True, False),
        (None, ["otp", "sms"], [], False, False),
        (None, ["made up", "also"], [], True, False),
        ("gold", [], ["gold"], False, True),
        ("Gold", [], ["gold"], True, False),
        ("gold", [], [], False, False),
        ("gold", [], [], True, True),
        (None, [], ["gold"], True, True),
    ],
)
def test_two_factors_are_shown_by_class_or_methods_or_vouched_for_in_silence(
    acr: str | None, amr: list[str], strong: list[str], vouched: bool, is_strong: bool
) -> None:
    expects = Expected(strong_acrs=strong, assumes_two_factors=vouched)
    assert read_told(expects, acr=acr, amr=amr, auth_time=None).has_two_factors is is_strong


def test_a_time_is_needed_where_one_is_expected_and_silence_is_long_ago() -> None:
    hourly = Expected(seen_within_hours=1)
    assert what_is_missing(Expected(), SILENT, begun_at=NOW, is_fresh=False) is None
    for expects, is_fresh in ((hourly, False), (Expected(), True)):
        said = what_is_missing(expects, SILENT, begun_at=NOW, is_fresh=is_fresh)
        assert said == "it does not say when it last looked who you are"
    for expects, is_fresh, minutes, is_good in (
        (hourly, False, 61, True),
        (hourly, False, 62, False),
        (hourly, True, 1, True),
        (hourly, True, 2, False),
    ):
        told = Told(seen_at=NOW - timedelta(minutes=minutes))
        said = what_is_missing(expects, told, begun_at=NOW, is_fresh=is_fresh)
        assert (said is None) is is_good, (minutes, said)
    assert SILENT.proved_at(NOW) == NOW - timedelta(days=1)
    assert Told(seen_at=NOW + timedelta(seconds=30)).proved_at(NOW) == NOW


def test_what_is_expected_is_bounded() -> None:
    for wrong in (
        {"seen_within_hours": 0},
        {"seen_within_hours": 337},
        {"strong_acrs": ["two words"]},
        {"strong_acrs": ["line\n"]},
        {"strong_acrs": ["x"] * 11},
        {"other": 1},
    ):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, Expected)
