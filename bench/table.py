"""What was measured, beside what was promised."""

from typing import Literal

import msgspec

Verdict = Literal["ok", "MISSED", ""]


class Row(msgspec.Struct, frozen=True):
    """`budget` in words; `verdict` is empty where nothing was promised."""

    work: str
    measured: str
    budget: str = ""
    verdict: Verdict = ""


def at_least(work: str, value: float, least: float, *, unit: str, budget: str) -> Row:
    return Row(work, f"{value:.2f}{unit}", budget, "ok" if value >= least else "MISSED")


def at_most(work: str, value: float, most: float, *, unit: str, budget: str) -> Row:
    return Row(work, f"{value:.2f}{unit}", budget, "ok" if value <= most else "MISSED")


def show(title: str, rows: list[Row]) -> None:
    print(f"\n{title}")
    widths = [
        max(len(text) for text in column)
        for column in zip(*((row.work, row.measured, row.budget) for row in rows), strict=True)
    ]
    for row in rows:
        cells = (row.work, row.measured, row.budget)
        aligned = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        print(f"  {'  '.join(aligned)}  {row.verdict}".rstrip())
