"""All child processes of an installation: launched, awaited, mended and ended together."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from tandem.app.embedded.logfile import keep_small, last_lines
from tandem.app.supervisor.child import Child, Program
from tandem.app.supervisor.console import Console
from tandem.app.supervisor.ports import answers
from tandem.app.supervisor.refusals import CannotStart

READY_SECONDS_MAX = 60.0
TERM_SECONDS = 3.0
POLL_SECONDS = 0.02
LINES_SHOWN = 5

Wait = Callable[[float], None]


class Crew:
    def __init__(self, logs: Path, console: Console) -> None:
        self._logs = logs
        self._console = console
        self._children: list[Child] = []
        # Nobody ever writes: the children wait for the end of this pipe, which is our own end.
        self._lifeline, self._our_end = os.pipe()

    @property
    def pids(self) -> dict[str, int | None]:
        return {child.program.name: child.pid for child in self._children}

    def launch(self, program: Program, environment: Mapping[str, str]) -> None:
        log = self._logs / f"{program.name}.log"
        child = Child(program, environment, log=log, lifeline=self._lifeline)
        self._children.append(child)
        child.start()

    def wait_until_ready(self, wait: Wait) -> None:
        """Until all that listen answer. Refuses with the end of the log of one that does not."""
        began = time.monotonic()
        waiting = [child for child in self._children if child.program.answers_at]
        while waiting:
            for child in self._children:
                if how := child.ended():
                    raise CannotStart(_failure(child, how))
            if time.monotonic() - began > READY_SECONDS_MAX:
                late = f"did not answer within {READY_SECONDS_MAX:.0f} s"
                raise CannotStart(_failure(waiting[0], late))
            waiting = [child for child in waiting if not _answers(child)]
            wait(POLL_SECONDS)

    def mend(self) -> bool:
        """Start again what ended, after a pause; true when one was started."""
        was_started = False
        for child in self._children:
            how = child.ended()
            if how is None:
                continue
            if (pause := child.pauses.begin()) is not None:
                child.kill()
                self._console.complain(
                    f"  {child.program.name:<9} {how}; starting it again in {pause:g} s. The end "
                    f"of {child.log}:\n{last_lines(child.log, LINES_SHOWN)}"
                )
            elif child.pauses.is_over:
                child.start()
                was_started = True
        return was_started

    def restart(
        self, which: Callable[[Program], bool], environment: Mapping[str, str] | None = None
    ) -> None:
        """End and start those programs, with another environment when one is given."""
        chosen = [child for child in self._children if which(child.program)]
        _end(chosen)
        for child in chosen:
            child.environment = environment or child.environment
            child.start()

    def end(self) -> None:
        """Ask all to stop; kill what has not after 3 s."""
        _end(self._children)
        os.close(self._our_end)
        os.close(self._lifeline)

    def show_logs(self) -> None:
        """What the children wrote since the last call, on the terminal."""
        for child in self._children:
            for line in child.tail.new_lines():
                self._console.show(f"{child.program.name:<9} {line}")

    def trim_logs(self) -> None:
        for child in self._children:
            keep_small(child.log)


def _end(children: Iterable[Child]) -> None:
    asked = list(children)
    for child in asked:
        child.ask_to_stop()
    deadline = time.monotonic() + TERM_SECONDS
    while time.monotonic() < deadline and not all(child.ended() for child in asked):
        time.sleep(POLL_SECONDS)
    for child in asked:
        child.kill()


def _answers(child: Child) -> bool:
    return child.program.answers_at is not None and answers(*child.program.answers_at)


def _failure(child: Child, how: str) -> str:
    shown = last_lines(child.log) or "(it wrote nothing)"
    return f"The {child.program.name} {how}. The end of {child.log}:\n{shown}"
