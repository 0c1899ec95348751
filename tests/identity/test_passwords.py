"""What a password must be. AUT-01."""

import pytest

from tandem.crm.identity.domain.passwords import WeakPassword, check_password, own_words

ABOUT = ("Asha.Rao@nilgiri-teas.test", "Asha Rao", "Nilgiri Teas")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "x9#Tq!27vBn&4kLp",
        "ஒரு நல்ல கடவுச்சொல் இது",
        "purple Nilgiri umbrella 7",
    ],
)
def test_long_and_unusual_is_good_whatever_it_is_made_of(password: str) -> None:
    check_password(password, about=ABOUT)


@pytest.mark.parametrize(
    "password",
    [
        "short but odd 7",
        "password12345678",
        "qwertyuiopasdfgh",
        "aaaaaaaaaaaaaaaaaaaa",
        "abcabcabcabcabcabc",
        "asha.rao@nilgiri",
        "NilgiriTeas2026!",
        "asharaonilgiriteas",
        "saetirigliN saetirigliN",
        "x" * 257,
    ],
)
def test_short_common_or_ones_own_name_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword) as refused:
        check_password(password[:14] if password.startswith("short") else password, about=ABOUT)
    assert refused.value.field == "password"


def test_eight_characters_do_with_a_second_factor() -> None:
    check_password("x9#Tq!27", about=ABOUT, has_second_factor=True)
    with pytest.raises(WeakPassword, match="15"):
        check_password("x9#Tq!27", about=ABOUT)
    with pytest.raises(WeakPassword, match="tried first"):
        check_password("password", about=ABOUT, has_second_factor=True)


def test_own_words_are_four_letters_and_more_the_longest_first() -> None:
    assert own_words(ABOUT) == ["nilgiri", "tandem", "asha", "teas", "test"]
