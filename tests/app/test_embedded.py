import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from tandem.app.embedded import CannotRun, EmbeddedPostgres, InUse, binaries
from tandem.app.embedded.process import running_pid
from tests.app.processes import is_alive
from tests.waiting import until

POSTGRES_15 = Path("/usr/lib/postgresql/15/bin")
IS_ROOT = os.geteuid() == 0

START = """
import sys, signal
from pathlib import Path
from tandem.app.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), outlives_us=sys.argv[2] == "outlives")
print(server.start(), flush=True)
signal.pause()
"""


def fetch(dsn: str, statement: str) -> list[object]:
    async def ask() -> list[object]:
        connection = await asyncpg.connect(dsn)
        try:
            return [record[0] for record in await connection.fetch(statement)]
        finally:
            await connection.close()

    return asyncio.run(ask())


def write_note(dsn: str, note: str) -> None:
    fetch(dsn, "create table if not exists note (words text)")
    fetch(dsn, f"insert into note values ('{note}')")


def notes(dsn: str) -> list[object]:
    return fetch(dsn, "select words from note")


def server_pid(folder: Path) -> int:
    pid = running_pid(folder / "data")
    assert pid is not None, "the server runs"
    return pid


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cluster that was made and stopped, for copies."""
    folder = tmp_path_factory.mktemp("made") / "pg"
    with EmbeddedPostgres(folder):
        pass
    (folder / "port").unlink()  # Each copy is another installation.
    return folder


@pytest.fixture
def folder(tmp_path: Path, made: Path) -> Path:
    """A cluster of the test's own, where making it is not the matter."""
    copy = tmp_path / "pg"
    subprocess.run(["cp", "-a", str(made), str(copy)], check=True)
    return copy


Owner = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start_owner() -> Iterator[Owner]:
    """Start another process that owns a server over a folder, and end it after the test."""
    owners: list[subprocess.Popen[str]] = []

    def start(folder: Path, how: str = "dies-with-us") -> "subprocess.Popen[str]":
        owner = subprocess.Popen(
            [sys.executable, "-c", START, str(folder), how],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdout=subprocess.PIPE,
            text=True,
        )
        owners.append(owner)
        return owner

    yield start
    for owner in owners:
        owner.kill()
        owner.communicate()


def line_of(owner: "subprocess.Popen[str]") -> str:
    assert owner.stdout is not None
    return owner.stdout.readline().strip()


def test_the_data_and_the_address_stay_over_a_restart(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        first = server.running_dsn()
        assert first is not None
        write_note(first, "kept")

    assert server.running_dsn() is None
    with EmbeddedPostgres(folder) as server:
        second = server.running_dsn()
        assert second == first
        assert notes(second) == ["kept"]


def test_it_is_durable_private_and_in_utc(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "pg") as server:
        dsn = server.start() if server.server is None else server.running_dsn()
        assert dsn is not None
        names = ("fsync", "synchronous_commit", "full_page_writes", "jit", "timezone")
        shown = [fetch(dsn, f"show {name}")[0] for name in (*names, "server_encoding")]
        assert shown == ["on", "on", "on", "off", "UTC", "UTF8"]
        assert fetch(dsn, "select lower('ÉCOLE')") == ["école"]
        assert fetch(dsn, "show listen_addresses") == ["127.0.0.1"]
        assert fetch(dsn, "select count(*) from pg_hba_file_rules where auth_method = 'trust'") == [
            0
        ]
        for extension in ("pg_trgm", "btree_gist", "unaccent"):
            fetch(dsn, f"create extension {extension}")
    assert (tmp_path / "pg" / "owner.password").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "pg" / "data").stat().st_mode & 0o777 == 0o700


def test_a_wrong_password_is_refused(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        dsn = server.running_dsn()
        assert dsn is not None
        password = urlsplit(dsn).password
        assert password is not None
        with pytest.raises(asyncpg.InvalidPasswordError):
            fetch(dsn.replace(password, "guess"), "select 1")


BACKEND_BUSY_WITH = "select pid from pg_stat_activity where state = 'active' and query = '{}'"


@contextmanager
def busy_with(dsn: str, statement: str) -> Iterator[int]:
    """The pid of a backend at work on `statement`, whose client is then cut off."""

    def run() -> None:
        with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            fetch(dsn, statement)

    client = threading.Thread(target=run)
    client.start()
    pids = until(lambda: fetch(dsn, BACKEND_BUSY_WITH.format(statement)))
    yield int(str(pids[0]))
    client.join(timeout=10)
    assert not client.is_alive()


def test_stopping_takes_less_than_three_seconds_with_clients_connected(folder: Path) -> None:
    server = EmbeddedPostgres(folder)
    with busy_with(server.start(), "select pg_sleep(60)"):
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 3
    assert server.running_dsn() is None


def test_a_taken_port_is_replaced(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        first = urlsplit(server.running_dsn() or "").port
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", first or 0))
        stranger.listen()
        with EmbeddedPostgres(folder) as server:
            second = urlsplit(server.running_dsn() or "").port
    assert second is not None
    assert second != first


def test_a_second_owner_is_refused_and_told_the_pid_of_the_first(
    folder: Path, start_owner: Owner
) -> None:
    owner = start_owner(folder)
    dsn = line_of(owner)

    with pytest.raises(InUse) as refusal:
        EmbeddedPostgres(folder).start()

    assert refusal.value.pid == owner.pid
    assert str(owner.pid) in str(refusal.value)
    assert fetch(dsn, "select 1") == [1], "the first one's server was left alone"


def test_initdb_interrupted_or_killed_half_way_leaves_nothing_half_done(
    tmp_path: Path, start_owner: Owner
) -> None:
    folder = tmp_path / "pg"
    for number in (signal.SIGINT, signal.SIGKILL):
        owner = start_owner(folder)
        at_work = until(lambda: _working_below(folder))
        owner.send_signal(number)
        owner.wait()
        assert not (folder / "data").exists()
        if number is signal.SIGINT:
            assert [pid for pid in at_work if is_alive(pid)] == []

    with EmbeddedPostgres(folder) as server:
        assert fetch(server.running_dsn() or "", "select 1") == [1]
    assert list(folder.glob("unfinished-*")) == []


def _working_below(folder: Path) -> list[int]:
    """The server that initdb has at work."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(folder):
                found.append(int(process.name))
    return found


def test_a_killed_server_starts_again_although_a_backend_of_it_is_still_busy(
    folder: Path,
) -> None:
    server = EmbeddedPostgres(folder)
    dsn = server.start()
    write_note(dsn, "committed")

    with busy_with(dsn, "select count(*) from generate_series(1, 1000000000)") as backend:
        os.kill(server_pid(folder), signal.SIGKILL)
        assert server.server is not None
        server.server.wait()
        assert is_alive(backend), "the backend outlives its postmaster"
        server.stop()
        assert server.start() == dsn
        assert not is_alive(backend)

    assert notes(dsn) == ["committed"]
    server.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_the_server_stops_when_its_owner_is_killed(folder: Path, start_owner: Owner) -> None:
    owner = start_owner(folder)
    dsn = line_of(owner)
    write_note(dsn, "committed")
    pid = server_pid(folder)

    owner.kill()
    until(lambda: not is_alive(pid), seconds=5)

    with EmbeddedPostgres(folder) as server:
        assert server.running_dsn() == dsn
        assert notes(dsn) == ["committed"]


def test_a_server_that_survived_its_owner_is_stopped_and_replaced(
    folder: Path, start_owner: Owner
) -> None:
    owner = start_owner(folder, "outlives")
    dsn = line_of(owner)
    write_note(dsn, "committed")
    survivor = server_pid(folder)
    owner.kill()
    owner.wait()
    assert is_alive(survivor)

    with EmbeddedPostgres(folder) as server:
        assert not is_alive(survivor)
        assert server.server is not None
        assert server_pid(folder) == server.server.pid
        assert notes(dsn) == ["committed"]


def test_a_stale_pid_file_that_names_a_strangers_process_does_not_stop_the_start(
    folder: Path,
) -> None:
    with EmbeddedPostgres(folder) as server:
        lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
    stale = folder / "data" / "postmaster.pid"
    stale.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    if IS_ROOT:
        owner = (folder / "data").stat()
        os.chown(stale, owner.st_uid, owner.st_gid)

    with EmbeddedPostgres(folder) as server:
        assert fetch(server.running_dsn() or "", "select 1") == [1]


def test_data_of_another_major_version_is_refused_and_left_alone(folder: Path) -> None:
    version = folder / "data" / "PG_VERSION"
    version.write_text("17\n")

    with pytest.raises(CannotRun, match="was made by PostgreSQL 17; this Tandem brings 18"):
        EmbeddedPostgres(folder).start()

    assert version.read_text() == "17\n"


def test_a_server_that_cannot_start_shows_the_end_of_its_log(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "data" / "postgresql.conf").write_text("no_such_setting = 1\n")
    monkeypatch.setattr("tandem.app.embedded.server.START_SECONDS_MAX", 0.0)

    with pytest.raises(CannotRun, match="no_such_setting"):
        EmbeddedPostgres(folder).start()


@pytest.mark.skipif(not POSTGRES_15.is_dir(), reason="PostgreSQL 15 is not installed here")
def test_another_installations_binaries_serve_as_well(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "pg", programs=POSTGRES_15) as server:
        dsn = server.running_dsn() or ""
        assert str(fetch(dsn, "show server_version")[0]).startswith("15.")
        assert fetch(dsn, "select lower('ÉCOLE')") == ["école"]


@pytest.mark.skipif(not IS_ROOT, reason="only root can drop to another account")
def test_root_hands_the_server_to_an_account_that_cannot_even_reach_the_folder(
    tmp_path: Path,
) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    with EmbeddedPostgres(private / "pg") as server:
        assert server.server is not None
        process = Path("/proc") / str(server.server.pid)
        assert process.stat().st_uid != 0
        assert fetch(server.running_dsn() or "", "select 1") == [1]
    assert private.stat().st_mode & 0o777 == 0o700, "nobody was let in"


@pytest.mark.skipif(not IS_ROOT, reason="only root has binaries that others cannot read")
def test_binaries_the_account_cannot_read_are_copied_once(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_folder = Path(f"/var/tmp/tandem-test-{os.getpid()}")  # noqa: S108 - made and removed here
    private = tmp_path_factory.mktemp("closed")
    package = binaries._package()
    for name in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.with_name(name), private / name)
    monkeypatch.setattr("sys.path", [str(private), *sys.path])
    try:
        for _ in range(2):
            with EmbeddedPostgres(open_folder) as server:
                assert fetch(server.running_dsn() or "", "select 1") == [1]
                assert server.server is not None
                program = (Path("/proc") / str(server.server.pid) / "exe").readlink()
                assert program.is_relative_to(open_folder)
        copies = [path.name for path in open_folder.glob("postgresql-*")]
        assert len(copies) == 1
    finally:
        shutil.rmtree(open_folder)


@pytest.mark.skipif(not IS_ROOT, reason="the other tests already run as a normal user")
def test_a_normal_user_runs_it_as_themselves(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = Path(f"/var/tmp/tandem-test-{os.getpid()}")  # noqa: S108 - made and removed here
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    try:
        child = os.fork()
        if child == 0:
            _serve_as_nobody(folder / "pg")
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert (folder / "pg" / "data" / "PG_VERSION").stat().st_uid == 65534
    finally:
        shutil.rmtree(folder)


def _serve_as_nobody(folder: Path) -> None:
    """In a forked child: never returns. Python itself may lie where `nobody` cannot read it."""
    code = 1
    try:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        server = EmbeddedPostgres(folder)
        dsn = server.start()
        server.stop()
        code = 0 if dsn.startswith("postgresql://tandem_owner:") else 2
    finally:
        os._exit(code)
