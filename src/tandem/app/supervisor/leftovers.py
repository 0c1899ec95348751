"""The parts of an `up` that was killed: gone before the next one starts its own."""

import os
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from tandem.app.supervisor import lifeline

PATIENCE_SECONDS = lifeline.GRACE_SECONDS + 1.0


def clear_parts(pids: Iterable[int]) -> None:
    """Let them end by themselves, as they do when their lifeline is cut; kill what does not."""
    remaining = [pid for pid in pids if _is_part(pid)]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while remaining and time.monotonic() < deadline:
        time.sleep(0.02)
        remaining = [pid for pid in remaining if _is_part(pid)]
    for pid in remaining:
        os.killpg(pid, signal.SIGKILL)


def _is_part(pid: int) -> bool:
    """Pids are reused: only a process started through the lifeline is one of ours."""
    return lifeline.__name__ in _command_line(pid)


def _command_line(pid: int) -> str:
    if Path("/proc/self/cmdline").exists():
        try:
            return (Path("/proc") / str(pid) / "cmdline").read_text()
        except OSError:
            return ""
    command = ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(  # noqa: S603 - a fixed program and a number
        command, capture_output=True, text=True, check=False
    ).stdout
