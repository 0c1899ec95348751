"""A status without its moves is found when the program starts, not when an order gets there."""

import ast
import enum
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parents[2] / "src"


def tables() -> Iterator[tuple[Path, str]]:
    """Every module-level table of moves: `MOVES`, or `PAYMENT_MOVES` where a module has several."""
    for path in sorted(SOURCES.rglob("*.py")):
        text = path.read_text()
        for statement in ast.parse(text).body if "MOVES" in text else ():
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                name = statement.target.id
                if name == "MOVES" or name.endswith("_MOVES"):
                    yield path, name


TABLES = [
    pytest.param(path, name, id=f"{path.relative_to(SOURCES).as_posix()}-{name}")
    for path, name in tables()
]


@pytest.mark.parametrize(("path", "table"), TABLES)
def test_the_module_asserts_at_import_that_every_status_states_its_moves(
    path: Path, table: str
) -> None:
    asserts = [
        ast.unparse(statement.test)
        for statement in ast.parse(path.read_text()).body
        if isinstance(statement, ast.Assert)
    ]
    assert any(text.startswith(f"{table}.keys() == set(") for text in asserts), asserts


@pytest.mark.parametrize(("path", "table"), TABLES)
def test_every_status_has_its_moves_and_every_move_leads_to_a_status(
    path: Path, table: str
) -> None:
    module = ".".join(path.relative_to(SOURCES).with_suffix("").parts)
    moves = getattr(importlib.import_module(module), table)
    statuses = type(next(iter(moves)))
    assert issubclass(statuses, enum.Enum)
    assert set(moves) == set(statuses)
    assert {target for targets in moves.values() for target in targets} <= set(statuses)
