"""A whole installation as a person starts it: `tandem up` in a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import httpx2 as httpx

from tests.app.processes import is_alive
from tests.waiting import until

READY_SECONDS = 60.0
STOP_SECONDS = 5.0
SOURCES = Path(__file__).parents[2] / "src"


class Up:
    """`start` returns what the ready file says; everything is gone after the `with` block."""

    def __init__(self, data: Path, *arguments: str, **environment: str) -> None:
        self.data = data
        self.ready_file = data.with_name(f"{data.name}.ready.json")
        self.output = data.with_name(f"{data.name}.output")
        self._arguments = arguments
        self.environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None, "started"
        return self._process

    def launch(self) -> None:
        command = ["up", "--data", str(self.data), "--ready-file", str(self.ready_file)]
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tandem.app.cli", *command, *self._arguments],
                env=clean_environment() | self.environment,
                stdout=output,
                stderr=output,
            )

    def start(self) -> dict[str, Any]:
        self.launch()
        until(lambda: self._is_ready() or self.ended(), seconds=READY_SECONDS)
        assert not self.ended(), self.output.read_text()
        return self.ready()

    def ready(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.ready_file.read_text())
        return content

    def _is_ready(self) -> bool:
        """One that was killed leaves its ready file, for a moment, to the next."""
        return self.ready_file.exists() and self.pid("up") == self.process.pid

    def pid(self, name: str) -> int:
        return int(self.ready()["pids"][name])

    def pid_other_than(self, name: str, before: int) -> int:
        """The pid of a part once it was started again."""
        return until(lambda: pid if (pid := self.pid(name)) != before else 0, seconds=20, told=name)

    def ended(self) -> bool:
        return self.process.poll() is not None

    def refusal(self) -> str:
        """What was said when it does not start; the exit code must be 1."""
        self.launch()
        assert self.process.wait(READY_SECONDS) == 1
        return self.output.read_text()

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """As Ctrl-C does; everything must be gone within five seconds."""
        pids = [pid for pid in self.ready()["pids"].values() if pid]
        self.process.send_signal(number)
        assert self.process.wait(STOP_SECONDS) == 0
        assert [pid for pid in pids if is_alive(pid)] == []

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and not self.ended():
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(2 * STOP_SECONDS)


def clean_environment() -> dict[str, str]:
    """Ours without settings of the person who runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")}
    kept.pop("DATABASE_URL", None)
    # Dozens of processes would each compile the whole program anew.
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept | {"PYTHONPATH": str(SOURCES), "TANDEM_DEMO": "plain"}


def company_name(ready: Mapping[str, Any]) -> str:
    """Asked over the API with the key of the ready file, so all of web and database must work."""
    answer = httpx.get(
        f"{ready['base_url']}/v1/company",
        headers={"authorization": f"Bearer {ready['api_key']}"},
        timeout=20,
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["name"])
