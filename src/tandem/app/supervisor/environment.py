"""What the parts are told: the environment of the web server, the worker and the preparation."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import tandem
from tandem.app.supervisor.ports import HOST


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Ports of the parts; no sandbox ports when it is off."""

    web: int
    sandbox: int | None
    smtp: int | None

    @property
    def sandbox_url(self) -> str | None:
        return f"http://{HOST}:{self.sandbox}" if self.sandbox else None


def base_url(addresses: Addresses, given: Mapping[str, str] = os.environ) -> str:
    """How people reach the installation: TANDEM_BASE_URL behind a proxy, else the port."""
    return given.get("TANDEM_BASE_URL") or f"http://{HOST}:{addresses.web}"


def clock_file(data: Path, given: Mapping[str, str] = os.environ) -> str:
    return given.get("TANDEM_CLOCK_FILE") or str(data / "clock.json")


def environment_of_python(given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """For every part: it imports the Tandem that we are, and writes its log at once."""
    return {
        # Heaps of their own for each thread cost memory and gain nothing here.
        "MALLOC_ARENA_MAX": "2",
        **given,
        "PYTHONPATH": os.pathsep.join(_import_path(given)),
        "PYTHONUNBUFFERED": "1",
        # A stray `json.py` in the working folder must not become part of the program.
        "PYTHONSAFEPATH": "1",
    }


def environment_of_product(
    *,
    addresses: Addresses,
    database_url: str,
    secret_key: str,
    data: Path,
    secret_keys: str = "",
    given: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """For the parts with Settings: what we decide, and the person's own variable elsewhere."""
    offered = {"TANDEM_SECRET_KEY": secret_key}
    if secret_keys:
        offered["TANDEM_SECRET_KEYS"] = secret_keys
    if addresses.sandbox_url:
        offered |= {
            "TANDEM_SANDBOX_URL": addresses.sandbox_url,
            "TANDEM_SMTP_URL": f"smtp://{HOST}:{addresses.smtp}",
            "TANDEM_CLOCK_FILE": clock_file(data, given),
        }
    decided = {
        "TANDEM_DATABASE_URL": database_url,
        "TANDEM_DATA_DIR": str(data),
        "TANDEM_BASE_URL": base_url(addresses, given),
    }
    return {**offered, **environment_of_python(given), **decided}


def _import_path(given: Mapping[str, str]) -> list[str]:
    ours = str(Path(tandem.__file__).parent.parent)
    inherited = given.get("PYTHONPATH", "").split(os.pathsep)
    return [ours, *(entry for entry in inherited if entry and entry != ours)]
