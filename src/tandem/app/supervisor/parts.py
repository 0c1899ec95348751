"""The parts of an installation, and how each is started."""

from pathlib import Path

from tandem.app.supervisor.child import Program
from tandem.app.supervisor.environment import Addresses, base_url, clock_file

SANDBOX = "sandbox"


def sandbox(addresses: Addresses, data: Path) -> Program:
    assert addresses.sandbox is not None, "asked for only when the sandbox is on"
    folder = data / "sandbox"
    folder.mkdir(mode=0o700, exist_ok=True)
    return Program(
        name=SANDBOX,
        module="tandem.sandbox",
        arguments=(
            *("--port", str(addresses.sandbox)),
            *("--smtp-port", str(addresses.smtp)),
            *("--data", str(folder)),
            *("--clock-file", clock_file(data)),
            *("--webhook-base", base_url(addresses)),
        ),
        answers_at=(addresses.sandbox, "/sandbox/clock"),
    )


def web(addresses: Addresses, listener: int, workers: int) -> list[Program]:
    """Web processes that share our listening socket: while one starts again, callers wait."""
    return [
        Program(
            name="web" if number == 0 else f"web-{number + 1}",
            module="tandem.app.cli",
            arguments=("serve", "--port", str(addresses.web), "--socket", str(listener)),
            answers_at=(addresses.web, "/readyz"),
            descriptors=(listener,),
        )
        for number in range(workers)
    ]


def worker() -> Program:
    return Program(name="worker", module="tandem.app.cli", arguments=("worker",))


def is_sandbox(program: Program) -> bool:
    return program.name == SANDBOX


def uses_database(program: Program) -> bool:
    return program.name != SANDBOX
