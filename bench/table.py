"""What was measured, beside what was promised."""

from collections.abc import Sequence
from typing import Literal

import msgspec

Verdict = Literal["ok", "MISSED", ""]


class Row(msgspec.Struct, frozen=True):
    """`budget` in words; `verdict` is empty where nothing was promised.

    `ratio` is how many times over the budget is kept: 1.00 is just so, less is missed.
    """

    work: str
    measured: str
    budget: str = ""
    verdict: Verdict = ""
    ratio: float | None = None


def at_least(work: str, value: float, least: float, *, unit: str, budget: str) -> Row:
    verdict: Verdict = "ok" if value >= least else "MISSED"
    return Row(work, f"{value:.2f}{unit}", budget, verdict, value / least)


def at_most(work: str, value: float, most: float, *, unit: str, budget: str) -> Row:
    verdict: Verdict = "ok" if value <= most else "MISSED"
    return Row(work, f"{value:.2f}{unit}", budget, verdict, most / value if value else None)


def show(title: str, rows: list[Row]) -> None:
    """What a section measured, beside what was promised of it."""
    print(f"\n{title}")
    _print([(row.work, row.measured, row.budget, row.verdict) for row in rows])


def show_budgets(rows: list[Row]) -> None:
    """Every promise of all sections in one table."""
    print("\nBudgets")
    head = ("work", "measured", "budget", "ratio", "")
    _print([head, *(_promise(row) for row in rows if row.verdict)])
    missed = [row.work.strip() for row in rows if row.verdict == "MISSED"]
    print(f"\n{len(missed)} budgets missed" + (f": {', '.join(missed)}" if missed else ""))


def _promise(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    return (row.work.strip(), row.measured, row.budget, ratio, row.verdict)


def _print(lines: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print(f"  {'  '.join(cells)}".rstrip())
