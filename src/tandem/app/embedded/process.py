"""The running server: launched, watched until ready, stopped, and cleared away after a crash.

The server is our own child, not a daemon of `pg_ctl`: its death is known at once, and on Linux the
kernel stops it when its parent dies, however that happens.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tandem.app.embedded.cluster import Entry, Place, run_as
from tandem.app.embedded.parent import dies_with_parent
from tandem.app.embedded.refusals import CannotRun

FAST_SECONDS = 2.5
IMMEDIATE_SECONDS = 1.0
LEFTOVER_SECONDS = 10.0
READY_SECONDS_MAX = 300.0
POLL_SECONDS = 0.01


def launch(
    place: Place, *, port: int, settings: Mapping[str, str], outlives_us: bool
) -> subprocess.Popen[bytes]:
    """Start the server in its own session, so that a Ctrl-C in the terminal does not reach it."""
    flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with Entry(place) as entry, place.log.open("ab") as log:
        command = [str(place.programs / "postgres"), "-D", f"{entry.path}/data", "-p", str(port)]
        return subprocess.Popen(  # type: ignore[call-overload, no-any-return]  # noqa: S603 - our own programs
            [*command, *flags],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=None if outlives_us else dies_with_parent(signal.SIGINT),
            **run_as(place, entry),
        )


def wait_until_ready(place: Place, server: subprocess.Popen[bytes]) -> bool:
    """True once it takes connections, false when it exited. Crash recovery may take minutes."""
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline:
        if server.poll() is not None:
            return False
        lines = _pid_file_lines(place.data)
        if lines[:1] == [str(server.pid)] and len(lines) > 7 and lines[7].strip() == "ready":
            return True
        time.sleep(POLL_SECONDS)
    raise CannotRun(f"PostgreSQL was not ready within {READY_SECONDS_MAX:.0f} s; see {place.log}.")


def stop(pid: int, *, is_gone: Callable[[], bool], patience: float = FAST_SECONDS) -> None:
    """Fast shutdown; when that takes too long, the immediate one, which the next start repairs."""
    for number, seconds in (
        (signal.SIGINT, patience),
        (signal.SIGQUIT, IMMEDIATE_SECONDS),
        (signal.SIGKILL, IMMEDIATE_SECONDS),
    ):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if is_gone():
                return
            time.sleep(POLL_SECONDS)


def clear_leftovers(data: Path) -> None:
    """End what a killed owner left running on `data`. Call only while holding the folder's lock.

    A stale `postmaster.pid` that names a stranger's process would stop the server from starting
    (in a container the same small pids come back after every start), so it is removed; only once
    nothing works on the folder any more, because it also guards against that.
    """
    pid = running_pid(data)
    if pid is not None:
        stop(pid, is_gone=lambda: running_pid(data) != pid, patience=LEFTOVER_SECONDS)
    for orphan in _servers_working_in(data):
        stop(orphan, is_gone=lambda pid=orphan: not _is_server_of(pid, data), patience=1.0)  # type: ignore[misc]
    lines = _pid_file_lines(data)
    named = int(lines[0]) if lines and lines[0].isdigit() else None
    if named and _is_alive(named) and not _is_server_of(named, data):
        (data / "postmaster.pid").unlink(missing_ok=True)


def running_pid(data: Path) -> int | None:
    """The pid of the server working on `data`, if one is alive."""
    lines = _pid_file_lines(data)
    pid = int(lines[0]) if lines and lines[0].isdigit() else None
    return pid if pid and _is_alive(pid) and _is_server_of(pid, data) else None


def running_port(data: Path) -> int | None:
    """The port of the server working on `data`, if one is alive and ready."""
    lines = _pid_file_lines(data)
    is_ready = len(lines) > 7 and lines[7].strip() == "ready"
    return int(lines[3]) if is_ready and running_pid(data) is not None else None


def _pid_file_lines(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_server_of(pid: int, data: Path) -> bool:
    """Pids are reused: only a `postgres` that works in this very folder is ours to stop."""
    if Path("/proc/self/cwd").exists():
        return _works_in(Path("/proc") / str(pid), data.resolve())
    said = subprocess.run(  # noqa: S603 - a fixed program and a number
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    return "postgres" in said and str(data) in said


def _servers_working_in(data: Path) -> list[int]:
    """Backends that outlive a killed postmaster keep the next one from starting."""
    resolved = data.resolve()
    return [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if _works_in(process, resolved)
    ]


def _works_in(process: Path, data: Path) -> bool:
    try:
        return (process / "cwd").readlink() == data and (
            (process / "comm").read_text().strip() == "postgres"
        )
    except OSError:
        return False  # It ended meanwhile, or belongs to somebody else.
