"""One part of the installation as a child process."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tandem.app.embedded.logfile import Tail
from tandem.app.embedded.parent import dies_with_parent
from tandem.app.supervisor.pauses import Pauses

LIFELINE = "tandem.app.supervisor.lifeline"


@dataclass(frozen=True, kw_only=True)
class Program:
    """`answers_at` is the port and the path that answer 200 once it is ready, if it listens.

    `descriptors` are files of ours that stay open in it.
    """

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    answers_at: tuple[int, str] | None = None
    descriptors: tuple[int, ...] = ()


class Child:
    """`environment` is what the next start gives it."""

    def __init__(
        self, program: Program, environment: Mapping[str, str], *, log: Path, lifeline: int
    ) -> None:
        self.program = program
        self.environment = environment
        self.log = log
        self.tail = Tail(log)
        self.pauses = Pauses()
        self._lifeline = lifeline
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """In its own session: a Ctrl-C in the terminal reaches the supervisor alone."""
        command = [sys.executable, "-m", LIFELINE, str(self._lifeline), self.program.module]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own modules
                [*command, *self.program.arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(self._lifeline, *self.program.descriptors),
                preexec_fn=dies_with_parent(signal.SIGTERM),
            )
        self.pauses.started()

    def ended(self) -> str | None:
        """How it ended, in words; None while it runs."""
        if self._process is None or (code := self._process.poll()) is None:
            return None
        if code < 0:
            return f"was ended by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"

    def ask_to_stop(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Also what it started: a process group outlives a leader that was killed."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            try:
                os.killpg(self._process.pid, number)
            except (ProcessLookupError, PermissionError):
                return  # It is gone; macOS says EPERM of a group of zombies.
