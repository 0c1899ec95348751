"""A-AUT-22: every item of ASVS 5.0 V6 to V10 has a test that exists, or a reason
why it does not apply or is not met."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs/reference/asvs.md"
LEVELS = {
    "V6": "122 111111112222 11223333 112233 22222333 2223 33 2222",
    "V7": "222 1111 22 11222 223 22",
    "V8": "1233 1123 133 23",
    "V9": "111 1222",
    "V10": "22 223 22223 1111122222233333 22222 22 222",
}
"""The level of each item of ASVS 5.0.0, section by section; 122 in all."""

NOT_MET = {
    "V6.3.6": 3,
    "V8.2.4": 3,
    "V8.4.2": 3,
    "V10.3.5": 3,
    "V10.4.14": 3,
    "V10.4.16": 3,
}
"""What the product does not do, with its level. Nothing is added here unseen."""


def _rows() -> dict[str, tuple[int, str]]:
    found: dict[str, tuple[int, str]] = {}
    for line in TABLE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and re.fullmatch(r"V\d+\.\d+\.\d+", cells[0]):
            assert cells[0] not in found, f"{cells[0]} stands twice"
            found[cells[0]] = (int(cells[1]), cells[3])
    return found


def test_every_item_stands_in_the_table_with_its_level() -> None:
    items = [
        (f"{chapter}.{section}.{item}", int(level))
        for chapter, sections in LEVELS.items()
        for section, levels in enumerate(sections.split(), 1)
        for item, level in enumerate(levels, 1)
    ]
    assert len(items) == 122
    assert [(item, level) for item, (level, _) in _rows().items()] == items


def test_what_is_not_met_is_said_with_a_reason() -> None:
    said = {item: level for item, (level, shown) in _rows().items() if shown.startswith("not met")}
    assert said == NOT_MET


def test_every_item_names_a_test_that_exists_or_a_reason() -> None:
    known = {
        f"{path.relative_to(ROOT).as_posix()}::{node.name}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    wrong = []
    for item, (_, shown) in _rows().items():
        named = re.findall(r"`(tests/[\w/]+\.py::\w+)`", shown)
        wrong += [f"{item}: {name}" for name in named if name not in known]
        if not named and not re.match(r"not (applicable|met): .{15,}", shown):
            wrong.append(f"{item} has neither a test nor a reason")
    assert wrong == []
    assert sum("`tests/" in shown for _, shown in _rows().values()) >= 85
