"""How well the model foretells rows that it was not fitted on, beside saying the same of all."""

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from tandem.crm.analytics.domain.churn.logistic import Sparse, chance, fit
from tandem.crm.analytics.domain.churn.table import Column, LeftOut, Table, number_of, read_table

FOLDS = 5
"""One of so many rows is held back to judge the model by, of those who left and who stayed."""
BINS = 10
FACTORS_MAX = 20
TOO_GOOD = 0.995
BLANK = "(blank)"


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """`accuracy` is the share of rows foretold rightly at a chance of one half. The log loss and
    the Brier score are less where chances are better; `auc` is how often somebody who left has the
    higher chance than somebody who stayed: None where all are of one kind."""

    accuracy: float
    log_loss: float
    brier: float
    auc: float | None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Of the rows held back, at a chance of one half."""

    left_foretold: int
    left_missed: int
    stayed_foretold: int
    stayed_missed: int


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of like chances: what was foretold on the average, beside what came of it."""

    lowest: float
    highest: float
    count: int
    left: int
    foretold: float
    observed: float


class Factor(msgspec.Struct, frozen=True, kw_only=True):
    """`odds` of leaving are so many times as high: of a number for one standard deviation more, of
    a word against the commonest one of its column."""

    column: str
    value: str
    against: str
    odds: float


class ChurnReport(msgspec.Struct, frozen=True, kw_only=True):
    """`baseline` says the same of everybody: that they stay (or leave, where most do), with the
    share of those it was fitted on as the chance. `calibration_error` is how far foretold and
    observed lie apart, over all rows held back."""

    rows: int
    left: int
    unknown: int
    target: str
    positive: str
    negative: str
    columns: list[Column]
    left_out: list[LeftOut]
    fitted_on: int
    held_out: int
    model: Judged
    baseline: Judged
    beats_baseline: bool
    counts: Counts
    calibration: list[Bin]
    calibration_error: float
    factors: list[Factor]
    warnings: list[str]


def churn_report(content: bytes, *, target: str = "", positive: str = "") -> ChurnReport:
    """Takes some seconds of a processor for ten thousand rows. The same file gives the same
    report."""
    table = read_table(content, target=target, positive=positive)
    held = _held_out(table.outcomes)
    learning = [place for place in range(len(table.rows)) if place not in held]
    coding = Coding(table.columns, [table.rows[place] for place in learning])
    known = [table.outcomes[place] for place in learning]
    weights = fit([coding.row(table.rows[place]) for place in learning], known, coding.size)
    judged = sorted(held)
    outcomes = [table.outcomes[place] for place in judged]
    chances = [chance(weights, coding.row(table.rows[place])) for place in judged]
    share = sum(known) / len(known)
    model, baseline = judge(chances, outcomes), judge([share] * len(outcomes), outcomes)
    bins = calibrate(chances, outcomes)
    return ChurnReport(
        rows=len(table.rows),
        left=sum(table.outcomes),
        unknown=table.unknown,
        target=table.target,
        positive=table.positive,
        negative=table.negative,
        columns=table.columns,
        left_out=table.left_out,
        fitted_on=len(learning),
        held_out=len(judged),
        model=model,
        baseline=baseline,
        beats_baseline=model.accuracy > baseline.accuracy and model.log_loss < baseline.log_loss,
        counts=_counts(chances, outcomes),
        calibration=bins,
        calibration_error=_apart(bins),
        factors=coding.factors(weights),
        warnings=_warnings(table, model),
    )


def judge(chances: Sequence[float], outcomes: Sequence[int]) -> Judged:
    count = len(outcomes)
    pairs = list(zip(chances, outcomes, strict=True))
    return Judged(
        accuracy=_round(sum((one >= 0.5) == bool(y) for one, y in pairs) / count),
        log_loss=_round(-sum(math.log(one if y else 1 - one) for one, y in pairs) / count),
        brier=_round(sum((one - y) ** 2 for one, y in pairs) / count),
        auc=_auc(pairs),
    )


def calibrate(chances: Sequence[float], outcomes: Sequence[int]) -> list[Bin]:
    """Ten parts of as many rows each, by their chance."""
    pairs = sorted(zip(chances, outcomes, strict=True))
    edges = [len(pairs) * place // BINS for place in range(BINS + 1)]
    found = []
    for first, last in pairwise(edges):
        some = pairs[first:last]
        if not some:
            continue
        left = sum(y for _, y in some)
        found.append(
            Bin(
                lowest=_round(some[0][0]),
                highest=_round(some[-1][0]),
                count=len(some),
                left=left,
                foretold=_round(sum(one for one, _ in some) / len(some)),
                observed=_round(left / len(some)),
            )
        )
    return found


class Coding:
    """Cells as numbers: what the rows fitted on are like on the average, and their words."""

    def __init__(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        self._columns = columns
        self._numbers: dict[int, tuple[float, float]] = {}
        self._blank: dict[int, int] = {}
        self._words: dict[int, dict[str, int]] = {}
        self._against: dict[int, str] = {}
        self.size = 1
        for place, column in enumerate(columns):
            cells = [row[place] for row in rows]
            if column.kind == "number":
                self._learn_number(place, cells)
            else:
                self._learn_words(place, cells)

    def _learn_number(self, place: int, cells: Sequence[str]) -> None:
        known = [one for cell in cells if (one := number_of(cell)) is not None] or [0.0]
        mean = sum(known) / len(known)
        spread = math.sqrt(sum((one - mean) ** 2 for one in known) / len(known)) or 1.0
        self._numbers[place] = (mean, spread)
        self._words[place] = {"": self.size}
        self.size += 1
        if len(known) < len(cells):
            self._blank[place] = self.size
            self.size += 1

    def _learn_words(self, place: int, cells: Sequence[str]) -> None:
        words = sorted(Counter(cells).items(), key=lambda one: (-one[1], one[0]))
        self._against[place] = words[0][0]
        self._words[place] = {}
        for word, _ in words[1:]:
            self._words[place][word] = self.size
            self.size += 1

    def row(self, cells: Sequence[str]) -> Sparse:
        """A word that no row had counts as the commonest."""
        found = [(0, 1.0)]
        for place, cell in enumerate(cells):
            if place in self._numbers:
                mean, spread = self._numbers[place]
                number = number_of(cell)
                if number is not None:
                    found.append((self._words[place][""], (number - mean) / spread))
                elif place in self._blank:
                    found.append((self._blank[place], 1.0))
            elif cell in self._words[place]:
                found.append((self._words[place][cell], 1.0))
        return found

    def factors(self, weights: Sequence[float]) -> list[Factor]:
        """What moves the chance most, the strongest first."""
        found = []
        for place, column in enumerate(self._columns):
            for word, at in self._words[place].items():
                is_number = place in self._numbers
                value = "" if is_number else word or BLANK
                against = "" if is_number else self._against[place] or BLANK
                found.append((weights[at], column.name, value, against))
            if place in self._blank:
                found.append((weights[self._blank[place]], column.name, BLANK, ""))
        found.sort(key=lambda one: (-abs(one[0]), one[1:]))
        return [
            Factor(column=name, value=value, against=against, odds=round(math.exp(weight), 4))
            for weight, name, value, against in found[:FACTORS_MAX]
        ]


def _held_out(outcomes: Sequence[int]) -> set[int]:
    """Every fifth of those who left and of those who stayed, in an order that the file's cannot
    sway."""
    held: set[int] = set()
    for kind in (0, 1):
        some = [place for place, outcome in enumerate(outcomes) if outcome == kind]
        some.sort(key=lambda place: hashlib.sha256(str(place).encode()).digest())
        held |= set(some[::FOLDS])
    return held


def _auc(pairs: Sequence[tuple[float, int]]) -> float | None:
    """By ranks; equal chances share theirs."""
    left = sum(y for _, y in pairs)
    stayed = len(pairs) - left
    if not left or not stayed:
        return None
    ordered = sorted(pairs)
    total, place = 0.0, 0
    while place < len(ordered):
        last = place
        while last < len(ordered) and ordered[last][0] == ordered[place][0]:
            last += 1
        total += (place + last + 1) / 2 * sum(y for _, y in ordered[place:last])
        place = last
    return _round((total - left * (left + 1) / 2) / (left * stayed))


def _counts(chances: Sequence[float], outcomes: Sequence[int]) -> Counts:
    met = Counter((one >= 0.5, bool(y)) for one, y in zip(chances, outcomes, strict=True))
    return Counts(
        left_foretold=met[True, True],
        left_missed=met[False, True],
        stayed_foretold=met[False, False],
        stayed_missed=met[True, False],
    )


def _apart(bins: Sequence[Bin]) -> float:
    count = sum(one.count for one in bins)
    return _round(sum(one.count * abs(one.foretold - one.observed) for one in bins) / count)


def _warnings(table: Table, model: Judged) -> list[str]:
    found = []
    if table.unknown:
        found.append(f"{table.unknown:,} rows do not say whether they left, and were left out.")
    if model.accuracy >= TOO_GOOD:
        found.append("This is too good: a column may have been filled in only once they had left.")
    return found


def _round(value: float) -> float:
    return round(value, 6)
