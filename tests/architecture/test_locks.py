"""What is installed is named by exact version and hash, and by nothing of one machine."""

import itertools
import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted(ROOT.glob("requirements*.lock"))
PACKAGE = re.compile(r"(?P<name>[a-z0-9.-]+)==(?P<version>\S+)( ; (?P<marker>.+?))? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
EXACT = re.compile(r"\d+\.\d+\.\d+")


def locked(name: str) -> set[tuple[str, str]]:
    """The names and versions of a lock; a name has two where Python's own version decides."""
    lines = (ROOT / name).read_text().splitlines()
    return {(match["name"], match["version"]) for match in map(PACKAGE.fullmatch, lines) if match}


def locked_names(name: str) -> set[str]:
    return {package for package, _ in locked(name)}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_holds_versions_hashes_and_comments_only(lock: Path) -> None:
    lines = lock.read_text().splitlines()
    strange = [
        line
        for line in lines
        if not (PACKAGE.fullmatch(line) or HASH.fullmatch(line) or line.lstrip().startswith("#"))
    ]
    assert strange == []
    for line, following in itertools.pairwise(lines):
        if PACKAGE.fullmatch(line):
            assert HASH.fullmatch(following), f"{line} has no hash"


def test_all_four_locks_are_there() -> None:
    assert [lock.name for lock in LOCKS] == [
        "requirements-dev.lock",
        "requirements-node.lock",
        "requirements-setup.lock",
        "requirements.lock",
    ]


def test_every_dependency_of_the_project_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = names(project["project"]["dependencies"])
    assert runtime - locked_names("requirements.lock") == set()
    groups = project["dependency-groups"]
    developing = runtime | names(groups["dev"]) | names(groups["setup"])
    assert developing - locked_names("requirements-dev.lock") == set()


def test_the_runtime_versions_are_the_ones_the_tests_run_with() -> None:
    assert locked("requirements.lock") - locked("requirements-dev.lock") == set()


def names(requirements: list[str | dict[str, str]]) -> set[str]:
    found = set()
    for requirement in requirements:
        if isinstance(requirement, str):
            name = re.match(r"[A-Za-z0-9._-]+", requirement)
            assert name, requirement
            found.add(re.sub(r"[._-]+", "-", name[0]).lower())
    return found


def test_npm_packages_are_pinned_exactly() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    wanted = package["dependencies"] | package["devDependencies"]
    assert [name for name, version in wanted.items() if not EXACT.fullmatch(version)] == []
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted


def test_the_npm_lock_has_hashes_and_no_download_addresses() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    installed = {name: entry for name, entry in packages.items() if name}
    assert [name for name, entry in installed.items() if "resolved" in entry] == []
    assert [name for name, entry in installed.items() if "integrity" not in entry] == []
