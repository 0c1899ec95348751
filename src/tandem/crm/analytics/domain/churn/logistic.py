"""A logistic regression over sparse rows, fitted by Newton's steps with a little ridge.

Hastie, Tibshirani, Friedman, "The Elements of Statistical Learning", 4.4.1 and 3.4.1. The ridge
keeps it fitting where a column alone says who left.
"""

import math
from collections.abc import Sequence

Sparse = Sequence[tuple[int, float]]
"""(place, value) by place; place 0 is the intercept."""

RIDGE = 1.0
STEPS_MAX = 15
STEP_LARGEST = 4.0
ENOUGH = 1e-6
_FAR = 35.0


def chance(weights: Sequence[float], row: Sparse) -> float:
    """Of the row's outcome being 1: never quite 0 or 1."""
    total = sum(weights[place] * value for place, value in row)
    return 1 / (1 + math.exp(-max(-_FAR, min(_FAR, total))))


def fit(rows: Sequence[Sparse], outcomes: Sequence[int], size: int) -> list[float]:
    """The weights of `size` places. The intercept is not held back by the ridge."""
    weights = [0.0] * size
    for _ in range(STEPS_MAX):
        slope, curve = _at(weights, rows, outcomes)
        step = _solved(curve, slope)
        largest = max(abs(one) for one in step)
        part = min(1.0, STEP_LARGEST / largest) if largest else 1.0
        weights = [weight - part * one for weight, one in zip(weights, step, strict=True)]
        if largest < ENOUGH:
            break
    return weights


def _at(
    weights: Sequence[float], rows: Sequence[Sparse], outcomes: Sequence[int]
) -> tuple[list[float], list[list[float]]]:
    """The slope and the lower half of the curvature of what is to be least."""
    size = len(weights)
    slope = [RIDGE * weight if place else 0.0 for place, weight in enumerate(weights)]
    curve = [[0.0] * (place + 1) for place in range(size)]
    for place in range(1, size):
        curve[place][place] = RIDGE
    for row, outcome in zip(rows, outcomes, strict=True):
        found = chance(weights, row)
        apart = found - outcome
        bend = found * (1 - found)
        for last, (place, value) in enumerate(row, 1):
            slope[place] += apart * value
            line, bent = curve[place], bend * value
            for other, also in row[:last]:
                line[other] += bent * also
    return slope, curve


def _solved(curve: list[list[float]], slope: Sequence[float]) -> list[float]:
    """Of a symmetric positive matrix, by Cholesky's factors."""
    size = len(slope)
    for place in range(size):
        line = curve[place]
        for other in range(place):
            above = curve[other]
            line[other] -= sum(line[k] * above[k] for k in range(other))
            line[other] /= above[other]
        rest = line[place] - sum(line[k] * line[k] for k in range(place))
        line[place] = math.sqrt(max(rest, 1e-12))
    found = list(slope)
    for place in range(size):
        line = curve[place]
        found[place] = (found[place] - sum(line[k] * found[k] for k in range(place))) / line[place]
    for place in reversed(range(size)):
        later = sum(curve[k][place] * found[k] for k in range(place + 1, size))
        found[place] = (found[place] - later) / curve[place][place]
    return found
