"""The shape of the files: short, named by what they hold, and true on any machine."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "src/tandem"
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
# A path or `path::function`, with the reason that a reader is told.
EXPLAINED: dict[str, str] = {}
NAMES_THAT_SAY_NOTHING = re.compile(r"^(utils?|helpers?|common|misc|models?)(\.\w+)?$")
# Put together here so that this file does not find itself.
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs"),
        ("deb", "debian"),
        ("registry", "yarnpkg"),
    )
)
# It begins with a plain character, so that the search goes from slash to slash.
MACHINE_PATH = re.compile(
    r"/(?<![\w.~]/)(?:"
    + "|".join(
        ("ro" + "ot", "ho" + r"me/\w+", "Us" + r"ers/\w+", "wo" + "rk", "o" + "pt/(wheels|pypi)")
    )
    + ")/"
)


def committed() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return [path for path in paths if path.is_file()]


def committed_text() -> Iterator[tuple[str, str]]:
    for path in committed():
        try:
            yield path.relative_to(ROOT).as_posix(), path.read_text()
        except UnicodeDecodeError:
            continue


def python_files() -> list[Path]:
    return sorted(SOURCES.rglob("*.py"))


def test_no_committed_file_names_a_package_registry() -> None:
    named = [
        f"{name}: {host}" for name, text in committed_text() for host in REGISTRIES if host in text
    ]
    assert named == []


def test_no_committed_file_names_a_path_of_one_machine() -> None:
    found = [
        f"{name}: {match[0]}"
        for name, text in committed_text()
        if (match := MACHINE_PATH.search(text))
    ]
    assert found == []


@pytest.mark.parametrize(
    "path", ["/ro" + "ot/.cache/x", "in /wo" + "rk/main", "(/ho" + "me/asha/x)"]
)
def test_a_path_of_one_machine_would_be_found(path: str) -> None:
    assert MACHINE_PATH.search(path)


@pytest.mark.parametrize("path", ["docs/work/", "./root/x", "~/work/x", "/homework/"])
def test_a_path_inside_the_project_is_none(path: str) -> None:
    assert not MACHINE_PATH.search(path)


def test_no_built_or_private_file_is_committed() -> None:
    suffixes = {".pyc", ".whl", ".pem", ".key", ".sqlite", ".br", ".gz", ".woff2"}
    assert [str(path) for path in committed() if path.suffix in suffixes] == []
    assert [str(path) for path in committed() if path.name in {".env", "uv.lock"}] == []


def test_every_file_can_be_read_in_one_sitting() -> None:
    pages = [*python_files(), *page_files()]
    lengths = {path: len(path.read_text().splitlines()) for path in pages}
    long = {name_of(path): lines for path, lines in lengths.items() if lines > FILE_LINES_MAX}
    assert {name: lines for name, lines in long.items() if name not in EXPLAINED} == {}


def page_files() -> list[Path]:
    kinds = ("*.html", "*.js", "*.css", "*.sql", "*.typ")
    found = (path for kind in kinds for path in SOURCES.rglob(kind))
    return sorted(path for path in found if "vendor" not in path.parts)


def test_every_function_can_be_seen_at_once() -> None:
    long = {
        f"{name_of(path)}::{function.name}": lines
        for path in python_files()
        for function, lines in functions(path)
        if lines > FUNCTION_LINES_MAX
    }
    assert {name: lines for name, lines in long.items() if name not in EXPLAINED} == {}


def functions(path: Path) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None, "parsed from source"
            yield node, node.end_lineno - node.lineno + 1


def test_every_explanation_is_still_needed() -> None:
    for name in EXPLAINED:
        path, _, function = name.partition("::")
        lengths = (
            {found.name: lines for found, lines in functions(ROOT / path)}
            if function
            else {"": len((ROOT / path).read_text().splitlines())}
        )
        limit = FUNCTION_LINES_MAX if function else FILE_LINES_MAX
        assert lengths.get(function, 0) > limit, f"{name} needs no exception any more"


def test_no_file_has_a_name_that_says_nothing() -> None:
    every = [*SOURCES.rglob("*"), *(ROOT / "tests").rglob("*"), *(ROOT / "bench").rglob("*")]
    named = [path for path in every if "vendor" not in path.parts and path.name != "__pycache__"]
    assert [name_of(path) for path in named if NAMES_THAT_SAY_NOTHING.match(path.name)] == []


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (r"# type: ignore(?!\[)", "a `type: ignore` without its code"),
        (r"# noqa(?!: [A-Z]+\d+)", "a `noqa` without its code"),
        (r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX)\b", "work left for later"),
    ],
)
def test_nothing_is_silenced_or_put_off_without_saying_what(pattern: str, found: str) -> None:
    mark = re.compile(pattern)
    folders = (SOURCES, ROOT / "tests", ROOT / "bench", ROOT / "bin")
    files = sorted(path for folder in folders for path in folder.rglob("*.py"))
    bad = [
        f"{name_of(path)}:{number}"
        for path in files
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if mark.search(line)
    ]
    assert bad == [], found
