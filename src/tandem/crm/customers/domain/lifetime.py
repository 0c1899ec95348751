"""How often somebody will buy again, whether they still will, and what they spend.

BG/NBD: Fader, Hardie, Lee, "Counting Your Customers the Easy Way", Marketing Science 24 (2005).
Gamma-Gamma: Fader, Hardie, "The Gamma-Gamma Model of Monetary Value" (2013). Fitted by maximum
likelihood with a simplex (Nelder, Mead 1965) over the logarithms of the parameters; time is in
weeks, spend in major units. Pure functions: the caller says who bought when.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

STEPS_MAX = 2000
TOLERANCE = 1e-7
SERIES_MAX = 2000


class History(msgspec.Struct, frozen=True, kw_only=True):
    """`repeats` after the first purchase, the last of them `last` weeks after it, `age` weeks ago
    in all; `spend` is the mean of a repeat purchase."""

    repeats: int
    last: float
    age: float
    spend: float = 0.0


class Buying(msgspec.Struct, frozen=True, kw_only=True):
    """r and alpha: how often; a and b: how soon they drop out."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float


class Spending(msgspec.Struct, frozen=True, kw_only=True):
    p: float
    q: float
    v: float


def fit_buying(histories: Sequence[History]) -> Buying:
    """BG/NBD over everybody, who bought once too (eq. 6 of the paper)."""
    rows = Counter((one.repeats, one.last, one.age) for one in histories)
    counts = sorted({repeats for repeats, _, _ in rows})

    def loss(logs: Sequence[float]) -> float:
        r, alpha, a, b = (math.exp(value) for value in logs)
        base = math.lgamma(a + b) - math.lgamma(b) - math.lgamma(r) + r * logs[1]
        of_count = {
            x: base + math.lgamma(r + x) + math.lgamma(b + x) - math.lgamma(a + b + x)
            for x in counts
        }
        total = 0.0
        for (x, last, age), weight in rows.items():
            alive = -(r + x) * math.log(alpha + age)
            if x:
                gone = logs[2] - math.log(b + x - 1) - (r + x) * math.log(alpha + last)
                top = max(alive, gone)
                alive = top + math.log(math.exp(alive - top) + math.exp(gone - top))
            total += weight * (of_count[x] + alive)
        return -total

    best, value = _simplex(loss, [0.0, 0.0, 0.0, 0.0])
    r, alpha, a, b = (math.exp(one) for one in best)
    return Buying(r=r, alpha=alpha, a=a, b=b, log_likelihood=-value)


def fit_spending(histories: Sequence[History]) -> Spending:
    """Gamma-Gamma over those who came back and spent something (eq. 1a of the note)."""
    rows = [(one.repeats, one.spend) for one in histories if one.repeats and one.spend > 0]

    def loss(logs: Sequence[float]) -> float:
        p, q, v = (math.exp(value) for value in logs)
        fixed = q * logs[2] - math.lgamma(q)
        total = 0.0
        for x, spend in rows:
            px = p * x
            total += (
                fixed
                + math.lgamma(px + q)
                - math.lgamma(px)
                + (px - 1) * math.log(spend)
                + px * math.log(x)
                - (px + q) * math.log(x * spend + v)
            )
        return -total

    best, _ = _simplex(loss, [1.0, 1.0, 1.0])
    p, q, v = (math.exp(one) for one in best)
    return Spending(p=p, q=q, v=v)


def chance_alive(model: Buying, one: History) -> float:
    """The probability that somebody has not dropped out."""
    if not one.repeats:
        return 1.0
    gone = math.log(model.a) - math.log(model.b + one.repeats - 1)
    gone += (model.r + one.repeats) * (
        math.log(model.alpha + one.age) - math.log(model.alpha + one.last)
    )
    return 1 / (1 + math.exp(min(gone, 700.0)))


def expected_purchases(model: Buying, one: History, weeks: float) -> float:
    """How many in the coming weeks (eq. 10 of the paper). `a` of exactly one has no closed form."""
    x, age = one.repeats, model.alpha + one.age
    a = model.a if abs(model.a - 1) > 1e-9 else 1 + 1e-6
    share = weeks / (age + weeks)
    series = _hypergeometric(model.r + x, model.b + x, a + model.b + x - 1, share)
    inner = 1 - math.pow(age / (age + weeks), model.r + x) * series
    return (a + model.b + x - 1) / (a - 1) * inner * chance_alive(model, one)


def expected_spend(model: Spending, one: History) -> float:
    """The mean of a future purchase: the person's own mean, drawn towards everybody's."""
    everybody = model.p * model.v / (model.q - 1) if model.q > 1 else 0.0
    weight = model.p * one.repeats / (model.p * one.repeats + model.q - 1)
    return (1 - weight) * everybody + weight * one.spend if one.repeats else everybody


def _hypergeometric(a: float, b: float, c: float, z: float) -> float:
    """Gauss's series 2F1, which converges for 0 <= z < 1."""
    total = term = 1.0
    for n in range(SERIES_MAX):
        term *= (a + n) * (b + n) / ((c + n) * (n + 1)) * z
        total += term
        if abs(term) < 1e-12 * abs(total):
            break
    return total


def _simplex(
    loss: Callable[[Sequence[float]], float], start: list[float]
) -> tuple[list[float], float]:
    """The least of a function without derivatives; parameters stay within e^-12 … e^12."""

    def safe(point: Sequence[float]) -> float:
        if any(abs(value) > 12 for value in point):
            return math.inf
        return loss(point)

    points = [start] + [
        [value + (0.5 if place == axis else 0.0) for place, value in enumerate(start)]
        for axis in range(len(start))
    ]
    ranked = sorted((safe(point), point) for point in points)
    for _ in range(STEPS_MAX):
        spread = max(abs(a - b) for a, b in zip(ranked[0][1], ranked[-1][1], strict=True))
        if ranked[-1][0] - ranked[0][0] < TOLERANCE and spread < 1e-5:
            break
        ranked = sorted(_step(ranked, safe))
    return ranked[0][1], ranked[0][0]


Ranked = list[tuple[float, list[float]]]


def _step(ranked: Ranked, loss: Callable[[Sequence[float]], float]) -> Ranked:
    """Reflect the worst corner; stretch what went well, draw in what did not."""
    size = len(ranked) - 1
    middle = [sum(point[axis] for _, point in ranked[:-1]) / size for axis in range(size)]

    def moved(by: float) -> tuple[float, list[float]]:
        worst = ranked[-1][1]
        point = [m + by * (m - w) for m, w in zip(middle, worst, strict=True)]
        return loss(point), point

    reflected = moved(1.0)
    if reflected[0] < ranked[0][0]:
        return [*ranked[:-1], min(reflected, moved(2.0))]
    if reflected[0] < ranked[-2][0]:
        return [*ranked[:-1], reflected]
    drawn = moved(0.5 if reflected[0] < ranked[-1][0] else -0.5)
    if drawn[0] < min(reflected[0], ranked[-1][0]):
        return [*ranked[:-1], drawn]
    best = ranked[0][1]
    shrunk = [[(b + p) / 2 for b, p in zip(best, point, strict=True)] for _, point in ranked[1:]]
    return [ranked[0], *((loss(point), point) for point in shrunk)]
