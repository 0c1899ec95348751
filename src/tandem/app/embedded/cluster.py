"""Creating the database cluster: all of it, or nothing."""

import locale
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tandem.app.embedded.account import Account, is_reachable
from tandem.app.embedded.parent import dies_with_parent
from tandem.app.embedded.refusals import CannotRun

OWNER = "tandem_owner"
DATABASE = "tandem"
UNFINISHED = "unfinished-"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A folder for one cluster, the programs that serve it, and the account they run as."""

    folder: Path
    programs: Path
    account: Account | None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def password_file(self) -> Path:
        return self.folder / "owner.password"

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"


class Entry:
    """How the server's account walks into the folder, for the length of a `with` block.

    The account may be unable to walk the path (`--data` below `/root`, or below a private
    temporary folder). On Linux it then enters through a folder that root opened for it:
    `/proc/self/fd/N` leads to the folder itself and asks nobody on the way.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self.descriptors: tuple[int, ...] = ()
        self.path = str(place.folder)

    def __enter__(self) -> "Entry":
        account, folder = self._place.account, self._place.folder
        if account is None or is_reachable(folder, account):
            return self
        if not Path("/proc/self/fd").is_dir():
            raise CannotRun(
                f"PostgreSQL runs as the user {account.uid}, who cannot reach {folder}. "
                "Choose a --data folder outside private folders, or run as a normal user."
            )
        self.descriptors = (os.open(folder, os.O_RDONLY | os.O_DIRECTORY),)
        self.path = f"/proc/self/fd/{self.descriptors[0]}"
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in self.descriptors:
            os.close(descriptor)


def ensure_cluster(place: Place, *, durable: bool) -> None:
    """Create the cluster unless it is there. Killed half-way, it leaves nothing half done."""
    if place.data.exists():
        _check_version(place)
        return
    for leftover in place.folder.glob(f"{UNFINISHED}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    ensure_password(place)
    name = f"{UNFINISHED}{secrets.token_hex(4)}"
    with Entry(place) as entry:
        _initdb(place, entry, name, durable=durable)
        _create_database(place, entry, name)
    (place.folder / name).rename(place.data)


def ensure_password(place: Place) -> str:
    """The owner's password, made up once and kept in a file only its owner may read."""
    if not place.password_file.exists():
        temporary = place.password_file.with_suffix(".new")
        temporary.unlink(missing_ok=True)
        with open(temporary, "x", opener=_private) as file:
            file.write(secrets.token_urlsafe(24))
        give(temporary, place.account)
        temporary.rename(place.password_file)
    return place.password_file.read_text().strip()


def give(path: Path, account: Account | None) -> None:
    if account is not None:
        os.chown(path, account.uid, account.gid)


def run_as(place: Place, entry: Entry) -> dict[str, object]:
    """Arguments for `subprocess` that drop root and hand over the opened folder."""
    arguments: dict[str, object] = {"cwd": "/", "pass_fds": entry.descriptors}
    if place.account is not None:
        arguments |= {"user": place.account.uid, "group": place.account.gid, "extra_groups": []}
    return arguments


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _check_version(place: Place) -> None:
    found = (place.data / "PG_VERSION").read_text().strip()
    offered = major_version(place.programs)
    if found != offered:
        raise CannotRun(
            f"{place.data} was made by PostgreSQL {found}; this Tandem brings {offered}. Dump it "
            f"with PostgreSQL {found} and load it into a new folder."
        )


def major_version(programs: Path) -> str:
    """`18` for `postgres (PostgreSQL) 18.6`."""
    said = _run([str(programs / "postgres"), "--version"], {"cwd": "/"})
    return said.split()[-1].split(".")[0] if "Debian" not in said else said.split()[2].split(".")[0]


def _initdb(place: Place, entry: Entry, name: str, *, durable: bool) -> None:
    command = [
        str(place.programs / "initdb"),
        *("--pgdata", f"{entry.path}/{name}"),
        *("--username", OWNER),
        *("--pwfile", f"{entry.path}/{place.password_file.name}"),
        *("--auth", "scram-sha-256"),
        *("--encoding", "UTF8"),
        *_locale(major_version(place.programs)),
        "--no-instructions",
        *([] if durable else ["--no-sync"]),
    ]
    _run(command, run_as(place, entry))


def _locale(major: str) -> list[str]:
    """Unicode's character classes in code point order: the same on every machine, and fast.

    pg_trgm asks the C library what a letter is, so plain C would make it skip Hindi.
    """
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
        known = "C.UTF-8"
    except locale.Error:
        known = "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    builtin = ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]
    return [*(builtin if int(major) >= 17 else []), "--locale", known, "--lc-messages", "C"]


def _create_database(place: Place, entry: Entry, name: str) -> None:
    command = [str(place.programs / "postgres"), "--single", "-D", f"{entry.path}/{name}"]
    said = _run([*command, "postgres"], run_as(place, entry), told=f"create database {DATABASE}\n")
    if "ERROR" in said:
        raise CannotRun(f"The database {DATABASE} could not be created:\n{said}")


def _run(command: Sequence[str], arguments: dict[str, object], *, told: str = "") -> str:
    process = subprocess.Popen(  # type: ignore[call-overload]  # noqa: S603 - our own programs
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=dies_with_parent(signal.SIGKILL),
        **arguments,
    )
    with process:
        try:
            said, _ = process.communicate(told)
        except BaseException:
            # Interrupted: initdb alone would leave the server behind that it has at work.
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode != 0:
        raise CannotRun(f"{Path(command[0]).name} failed:\n{said}")
    return str(said)
