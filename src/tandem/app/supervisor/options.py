"""What `tandem up` is asked for, and where its data lies."""

import argparse
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

WORKERS_MAX = 64
PORT_MAX = 65_535


@dataclass(frozen=True, kw_only=True)
class Options:
    """`port=None` means 8080 or the next free one; `data=None` the user's own data folder."""

    port: int | None = None
    data: Path | None = None
    ready_file: Path | None = None
    reload: bool = False
    sandbox: bool = True
    workers: int = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `tandem up`; `options_of` reads what it parsed."""
    parser.add_argument("--port", type=_port, help="of the web server (8080 or the next free one)")
    parser.add_argument("--data", type=_path, help="folder for everything that is kept")
    parser.add_argument(
        "--ready-file", type=_path, help="write addresses and logins there once all answers (JSON)"
    )
    parser.add_argument("--reload", action="store_true", help="start again when a source changes")
    parser.add_argument(
        "--no-sandbox", action="store_true", help="no stand-ins for providers without keys"
    )
    parser.add_argument("--workers", type=_workers, default=1, help="web processes (1)")


def options_of(parsed: argparse.Namespace) -> Options:
    return Options(
        port=parsed.port,
        data=parsed.data,
        ready_file=parsed.ready_file,
        reload=parsed.reload,
        sandbox=not parsed.no_sandbox,
        workers=parsed.workers,
    )


def data_folder(chosen: Path | None, environment: Mapping[str, str] = os.environ) -> Path:
    """`--data`, else TANDEM_DATA or TANDEM_DATA_DIR, else the platform's folder for user data."""
    for name in ("TANDEM_DATA", "TANDEM_DATA_DIR"):
        if chosen is None and environment.get(name):
            chosen = Path(environment[name])
    if chosen is not None:
        return chosen.expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "Tandem"
    return Path(environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "tandem"


def _path(text: str) -> Path:
    if not text:  # A script's variable that was never set: not the folder one happens to be in.
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _port(text: str) -> int:
    if not (_is_number(text) and 1 <= int(text) <= PORT_MAX):
        raise argparse.ArgumentTypeError(f"{text} is not a port between 1 and {PORT_MAX}")
    return int(text)


def _workers(text: str) -> int:
    if not (_is_number(text) and 1 <= int(text) <= WORKERS_MAX):
        raise argparse.ArgumentTypeError(f"{text} is not a number between 1 and {WORKERS_MAX}")
    return int(text)
