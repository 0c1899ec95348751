"""What a password must be (NIST SP 800-63B-4 s.3.1.1: length and a list, no composition rules)."""

import re
from collections.abc import Sequence

from tandem.kernel.errors import Invalid

PASSWORD_LENGTH_MIN = 15
"""Where the password is all there is."""
PASSWORD_LENGTH_WITH_FACTOR_MIN = 8
PASSWORD_LENGTH_MAX = 256

LOOKED_AT = 64
"""The estimate's work grows with the square of the length."""
GUESSES_LOG10_MIN = 8.0
OWN_WORD_LENGTH_MIN = 4
PRODUCT_WORDS = ("tandem",)
"""Words of the context that nobody's password is made of, beside their own and their company's."""
LEFT_MIN = 8


class WeakPassword(Invalid):
    code = "weak_password"


def check_password(
    password: str, *, about: Sequence[str] = (), has_second_factor: bool = False
) -> None:
    """Refuse what is short, what is on the lists of common passwords or built from them, and what
    is made of the words in `about`: the address, the person's and the company's name."""
    least = PASSWORD_LENGTH_WITH_FACTOR_MIN if has_second_factor else PASSWORD_LENGTH_MIN
    if not least <= len(password) <= PASSWORD_LENGTH_MAX:
        raise WeakPassword(
            f"A password has {least} to {PASSWORD_LENGTH_MAX} characters.", field="password"
        )
    words = own_words(about)
    if _is_made_of(password, words):
        raise WeakPassword(
            "This is made of your own name, address or company. Choose other words.",
            field="password",
        )
    if _guesses_log10(password, words) < GUESSES_LOG10_MIN:
        raise WeakPassword(
            "This is among the passwords that are tried first. Three or four unrelated words "
            "are good.",
            field="password",
        )


def own_words(about: Sequence[str]) -> list[str]:
    """`Asha.Rao@demo.test` → asha, demo, test, and the longer they are the earlier."""
    found = {
        word
        for text in about
        for word in re.split(r"[^a-z0-9]+", text.casefold())
        if len(word) >= OWN_WORD_LENGTH_MIN
    }
    return sorted(found.union(PRODUCT_WORDS), key=lambda word: (-len(word), word))


def _is_made_of(password: str, words: Sequence[str]) -> bool:
    left = password.casefold()
    for word in words:
        left = left.replace(word, "").replace(word[::-1], "")
    return len(left) < min(LEFT_MIN, len(password))


def _guesses_log10(password: str, words: Sequence[str]) -> float:
    """zxcvbn's estimate, from its lists of 30,000 common passwords, names and words."""
    # Loading its lists takes a tenth of a second: only who sets a password waits.
    from zxcvbn import zxcvbn  # type: ignore[import-untyped]

    judged = zxcvbn(password[:LOOKED_AT], user_inputs=list(words))
    return float(judged["guesses_log10"])
