"""What a started installation tells: a file for programs, a few lines for people."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tandem.app.supervisor.environment import Addresses
from tandem.app.supervisor.kept import write_json
from tandem.app.supervisor.preparation import Prepared
from tandem.app.supervisor.refusals import CannotStart


@dataclass(frozen=True, kw_only=True)
class Running:
    """Everything needed to use the installation. Holds secrets."""

    base_url: str
    addresses: Addresses
    database_url: str
    prepared: Prepared
    data: Path


def check_ready_file(path: Path) -> None:
    """Refuse at once what could only fail once all the rest is up."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise CannotStart(f"The ready file's folder cannot be made: {reason}.") from reason
    if path.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
        raise CannotStart(f"{path} cannot be written. Choose another --ready-file.")


def write_ready_file(path: Path, running: Running, pids: dict[str, int | None]) -> None:
    """Readable by its owner alone; there is one exactly while everything answers."""
    write_json(
        path,
        {
            "base_url": running.base_url,
            "admin_email": running.prepared.admin_email,
            "admin_password": running.prepared.admin_password,
            "api_key": running.prepared.api_key,
            "sandbox_url": running.addresses.sandbox_url,
            "database_url": running.database_url,
            "app_database_url": running.prepared.app_database_url,
            "data_dir": str(running.data),
            "pids": pids,
        },
    )


def summary(running: Running, seconds: float) -> str:
    database = urlsplit(running.database_url)
    logins = running.prepared
    rows = [
        ("Console", running.base_url),
        ("Sign in", f"{logins.admin_email}   {logins.admin_password}" if logins.api_key else ""),
        ("API key", logins.api_key),
        ("Mailbox", _mailbox(running.addresses)),
        ("Database", f"{database.hostname}:{database.port or 5432}{database.path}"),
        ("Data", str(running.data)),
        ("Logs", str(running.data / "logs")),
    ]
    lines = [f"  {name:<10} {value}" for name, value in rows if value]
    heading = f"Tandem is ready after {seconds:.1f} s. Ctrl-C stops it."
    return "\n".join(["", heading, "", *lines, ""])


def _mailbox(addresses: Addresses) -> str:
    """Where e-mails and texts lie instead of being sent."""
    return f"{addresses.sandbox_url}/mail" if addresses.sandbox_url else ""
