"""One command is the truth: CI runs what a developer runs."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ("bench", "dev", "lint", "lock", "setup", "test", "up")


def lines_of_work(script: Path) -> list[str]:
    lines = [line.strip() for line in script.read_text().splitlines()]
    return [line for line in lines if line and not line.startswith(("#", "set "))]


def test_ci_does_nothing_but_call_bin_test() -> None:
    assert lines_of_work(ROOT / ".ci/run") == ['exec "$(dirname "${BASH_SOURCE[0]}")/../bin/test"']


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_a_strict_bash_script(name: str) -> None:
    script = ROOT / "bin" / name
    assert os.access(script, os.X_OK)
    assert script.read_text().startswith("#!/usr/bin/env bash\n")
    assert "\nset -euo pipefail\n" in script.read_text()


def test_the_tests_run_after_every_static_check() -> None:
    assert lines_of_work(ROOT / "bin/test")[1] == "bin/lint"
    steps = [line for line in lines_of_work(ROOT / "bin/lint") if line.startswith("step ")]
    assert steps == [
        "step ruff check",
        "step ruff format --check",
        "step lint-imports",
        "step tandem reference --check",
        "step mypy",
    ]
