"""`$` takes a line break behind the text in Python: what is taken from outside is `whole`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tandem.kernel.patterns import whole

SOURCES = Path(__file__).resolve().parents[2] / "src/tandem"
TAKES_LINES = re.compile(r"(\[\^[^\]]*\])[*+]\$\Z")
"""A class at the end that says what it does not take."""


def _ends() -> Iterator[tuple[str, str]]:
    for path in SOURCES.rglob("*.py"):
        text = path.read_text()
        if "^" not in text or "$" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            if node.value.startswith("^") and node.value.endswith("$"):
                yield f"{path.name}:{node.lineno}", node.value


def test_no_pattern_takes_one_line_break_too_many() -> None:
    wrong = []
    for where, pattern in _ends():
        found = TAKES_LINES.search(pattern)
        if not (found and re.match(found[1], "\n")) and ".*" not in pattern:
            wrong.append(f"{where}: {pattern}")
    assert wrong == [], "say it with kernel.patterns.whole"


@pytest.mark.parametrize("text", ["\n", "ab\n", "\nab", "ab\n\n", "ab\r"])
def test_the_whole_text_is_looked_at(text: str) -> None:
    assert re.search(whole("[a-z]*"), "ab") and re.search(whole("[a-z]*"), "")
    assert re.search(whole("[a-z]*"), text) is None
