"""Attribution worked out once more, in exact fractions and from the words of its definition."""

from fractions import Fraction


def due(model: str, count: int, *, hours: int) -> list[Fraction]:
    """What is due to each of so many touches, so many hours apart, of one conversion."""
    if count == 1:
        return [Fraction(1)]
    if model == "first":
        return [Fraction(place == 0) for place in range(count)]
    if model == "last":
        return [Fraction(place == count - 1) for place in range(count)]
    if model == "linear":
        return [Fraction(1, count)] * count
    if model == "time_decay":
        halved = [Fraction(0.5 ** (hours * place / (7 * 24))) for place in reversed(range(count))]
        return [one / sum(halved) for one in halved]
    if count == 2:
        return [Fraction(1, 2), Fraction(1, 2)]
    middle = Fraction(20, 100) / (count - 2)
    return [Fraction(40, 100), *[middle] * (count - 2), Fraction(40, 100)]
