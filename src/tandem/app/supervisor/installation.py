"""One installation over one data folder: brought up, kept up, brought down."""

import contextlib
import dataclasses
import os
import time
from pathlib import Path
from typing import NoReturn

from tandem.app.supervisor import parts
from tandem.app.supervisor.beside import forget_run, note_run, pids_of_last_run
from tandem.app.supervisor.changes import Sources
from tandem.app.supervisor.console import Console
from tandem.app.supervisor.crew import Crew
from tandem.app.supervisor.database import Database
from tandem.app.supervisor.environment import (
    Addresses,
    base_url,
    environment_of_product,
    environment_of_python,
)
from tandem.app.supervisor.kept import secret_key, secret_keys
from tandem.app.supervisor.leftovers import clear_parts
from tandem.app.supervisor.options import Options
from tandem.app.supervisor.ports import Ports
from tandem.app.supervisor.preparation import Prepared, prepare
from tandem.app.supervisor.refusals import CannotStart
from tandem.app.supervisor.signals import Signals
from tandem.app.supervisor.summary import Running, summary, write_ready_file

WEB_PORT = 8080
# Near the web port, which is ours alone: two installations that start at once do not collide.
SANDBOX_PORT_OFFSET = 10
SMTP_PORT_OFFSET = 20
LOOK_SECONDS = 0.25
TRIM_SECONDS = 60.0
STOP_SECONDS = 4.0


class Installation:
    """`start`, then `watch` until a signal; `stop` in every case."""

    def __init__(self, options: Options, data: Path, console: Console, signals: Signals) -> None:
        self._options = options
        self._data = data
        self._console = console
        self._signals = signals
        self._crew = Crew(data / "logs", console)
        self._database = Database(data / "postgres", console)
        self._ports = Ports(data)
        self._sources = Sources() if options.reload else None
        self._told: dict[str, str] = {}
        self._running: Running | None = None

    def start(self) -> None:
        """Returns once everything answers; refuses with CannotStart or CannotRun."""
        self._clear_the_way()
        addresses = self._choose_ports()
        if addresses.sandbox is not None:
            self._crew.launch(parts.sandbox(addresses, self._data), environment_of_python())
        self._note_run()
        database_url = self._open_database()
        environment = self._environment(addresses, database_url)
        prepared = self._prepare(environment)
        for program in parts.web(addresses, self._ports.listener, self._options.workers):
            self._crew.launch(program, environment)
        self._crew.launch(parts.worker(), environment)
        self._note_run()
        self._wait_until_ready()
        self._running = Running(
            base_url=base_url(addresses),
            addresses=addresses,
            database_url=database_url,
            prepared=prepared,
            data=self._data,
        )
        self._tell()
        self._console.show(summary(self._running, self._console.seconds))

    def watch(self) -> NoReturn:
        """Mend what breaks, until a signal raises StopRequested."""
        trim_at = time.monotonic() + TRIM_SECONDS
        while True:
            self._signals.wait(LOOK_SECONDS)
            self._mend()
            if self._sources:
                self._crew.show_logs()
                if changed := self._sources.changed():
                    self._reload(changed)
            if time.monotonic() > trim_at:
                trim_at = time.monotonic() + TRIM_SECONDS
                self._crew.trim_logs()
                self._database.trim_log()

    def stop(self) -> None:
        """Everything within 5 s: the parts first, so that none loses its database mid-work."""
        deadline = time.monotonic() + STOP_SECONDS
        with contextlib.suppress(OSError):  # Whatever became of its folder, the rest must stop.
            self._remove_ready_file()
        self._ports.close()
        self._crew.end()
        self._database.stop(patience=deadline - time.monotonic())
        forget_run(self._data)

    def _clear_the_way(self) -> None:
        """A killed `up` leaves its ready file, and for a moment its parts."""
        (self._data / "logs").mkdir(mode=0o700, exist_ok=True)
        self._console.log = self._data / "logs" / "up.log"
        self._remove_ready_file()
        clear_parts(pids_of_last_run(self._data))

    def _choose_ports(self) -> Addresses:
        web = self._ports.listen("web", self._options.port, preferred=WEB_PORT)
        if not self._options.sandbox:
            return Addresses(web=web, sandbox=None, smtp=None)
        return Addresses(
            web=web,
            sandbox=self._ports.near("sandbox", web + SANDBOX_PORT_OFFSET),
            smtp=self._ports.near("smtp", web + SMTP_PORT_OFFSET),
        )

    def _open_database(self) -> str:
        began = time.monotonic()
        dsn = self._database.open()
        self._step("database", "runs" if self._database.pid else "is the one given", began)
        return dsn

    def _environment(self, addresses: Addresses, database_url: str) -> dict[str, str]:
        self._told = environment_of_product(
            addresses=addresses,
            database_url=database_url,
            secret_key=secret_key(self._data),
            secret_keys=secret_keys(self._data),
            data=self._data,
        )
        return self._told

    def _prepare(self, environment: dict[str, str]) -> Prepared:
        began = time.monotonic()
        prepared = prepare(environment, self._data / "logins.json")
        self._step("schema", prepared.told, began)
        return prepared

    def _wait_until_ready(self) -> None:
        began = time.monotonic()
        self._crew.wait_until_ready(self._signals.wait)
        self._step("web", "and all else answer", began)

    def _mend(self) -> None:
        database_url, running = self._database.mend(), self._running
        assert running is not None, "watched only once everything runs"
        if database_url and database_url != running.database_url:
            # Its port was taken meanwhile, so those who use it must learn the new one.
            self._running = dataclasses.replace(running, database_url=database_url)
            environment = self._environment(running.addresses, database_url)
            self._crew.restart(parts.uses_database, environment)
        if self._crew.mend() or database_url:
            self._tell_again()

    def _reload(self, changed: list[str]) -> None:
        """Run the changed sources: migrations first, and whoever imported the files."""
        self._console.say(f"  changed   {', '.join(changed[:3])}{' …' if changed[3:] else ''}")
        assert self._running is not None, "watched only once everything runs"
        running = self._running
        environment = self._environment(running.addresses, running.database_url)
        if any(path.endswith(".sql") for path in changed):
            try:
                self._prepare(environment)
            except CannotStart as reason:
                self._console.complain(f"  {reason}")
        is_sandbox = any(path.startswith("sandbox/") for path in changed)
        self._crew.restart(parts.is_sandbox if is_sandbox else parts.uses_database)
        self._tell_again()

    def _tell(self) -> None:
        self._note_run()
        if self._options.ready_file and self._running:
            write_ready_file(self._options.ready_file, self._running, self._pids())

    def _tell_again(self) -> None:
        """A full disk, or a folder that is gone, is no reason to stop what runs."""
        try:
            self._tell()
        except OSError as reason:
            self._console.complain(f"  {reason}")

    def _note_run(self) -> None:
        """For commands run beside us, and for the next `up` should this one be killed."""
        told = dict(self._told)
        if self._running and self._running.prepared.api_key:
            told["TANDEM_API_KEY"] = self._running.prepared.api_key
        note_run(self._data, self._crew.pids, told)

    def _pids(self) -> dict[str, int | None]:
        return {"up": os.getpid(), "postgres": self._database.pid, **self._crew.pids}

    def _remove_ready_file(self) -> None:
        if self._options.ready_file:
            self._options.ready_file.unlink(missing_ok=True)

    def _step(self, part: str, told: str, began: float) -> None:
        self._console.say(f"  {part:<9} {told} ({time.monotonic() - began:.1f} s)")
