"""A-AUT-22: every item of ASVS 5.0 V6 to V10 has a test that exists, or a reason."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs/reference/asvs.md"
SECTIONS = {
    "V6": (3, 12, 8, 6, 8, 4, 2, 4),
    "V7": (3, 4, 2, 5, 3, 2),
    "V8": (4, 4, 3, 2),
    "V9": (3, 4),
    "V10": (2, 3, 5, 16, 5, 2, 3),
}
"""How many items each section of a chapter has in ASVS 5.0.0; 122 in all."""


def _rows() -> dict[str, str]:
    found = {}
    for line in TABLE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and re.fullmatch(r"V\d+\.\d+\.\d+", cells[0]):
            assert cells[0] not in found, f"{cells[0]} stands twice"
            found[cells[0]] = cells[3]
    return found


def test_every_item_stands_in_the_table() -> None:
    items = [
        f"{chapter}.{section}.{item}"
        for chapter, counts in SECTIONS.items()
        for section, count in enumerate(counts, 1)
        for item in range(1, count + 1)
    ]
    assert len(items) == 122
    assert list(_rows()) == items


def test_every_item_names_a_test_that_exists_or_a_reason() -> None:
    known = {
        f"{path.relative_to(ROOT).as_posix()}::{node.name}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    wrong = []
    for item, shown in _rows().items():
        named = re.findall(r"`(tests/[\w/]+\.py::\w+)`", shown)
        wrong += [f"{item}: {name}" for name in named if name not in known]
        if not named and not re.match(r"not applicable: .{15,}", shown):
            wrong.append(f"{item} has neither a test nor a reason")
    assert wrong == []
    assert sum("not applicable" not in shown for shown in _rows().values()) >= 85
