"""Places in a column that never run out: strings that sort, with room between any two.

Digits of base 62 behind an imagined point. A rank never ends in the lowest digit, so there is
always one before it. Compared byte by byte (collation "C").
"""

from itertools import zip_longest

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LONG = 60
"""A rank longer than this is a reason to space its column out anew."""


def between(before: str | None, after: str | None) -> str:
    """A rank after `before` and before `after`; None is the column's end on that side."""
    low, high = before or "", after
    assert high is None or low < high, f"{low!r} is not before {high!r}"
    same = _shared(low, high or "")
    found = [low[:same]]
    is_bound = high is not None
    rest = zip_longest(low[same:], (high or "")[same:], fillvalue=None)
    for place, (a, b) in enumerate(rest, same):
        first = DIGITS.index(a) if a else 0
        last = DIGITS.index(b) if b and is_bound else len(DIGITS)
        if is_bound and first == last:
            found.append(DIGITS[first])
            continue
        if last - first > 1:
            return "".join(found) + DIGITS[(first + last) // 2]
        found.append(DIGITS[first])
        # From here on anything after the rest of `low` is before `high`.
        return "".join(found) + between(low[place + 1 :] or None, None)
    return "".join(found) + DIGITS[len(DIGITS) // 2]


def _shared(one: str, other: str) -> int:
    """With how many digits both begin. By halves: neighbours of a crowded place differ late."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def spaced(count: int) -> list[str]:
    """So many ranks of one length, evenly apart."""
    width = 1
    while len(DIGITS) ** width < 2 * (count + 1):
        width += 1
    step = len(DIGITS) ** width // (count + 1)
    return [_written(step * (place + 1), width) for place in range(count)]


def _written(value: int, width: int) -> str:
    text = ""
    for _ in range(width):
        value, digit = divmod(value, len(DIGITS))
        text = DIGITS[digit] + text
    return text.rstrip(DIGITS[0])
