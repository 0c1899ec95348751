"""For the commands a person runs beside a running `up`: they look after the same installation."""

import os
from collections.abc import Mapping
from pathlib import Path

from tandem.app.embedded import DataLock, InUse
from tandem.app.supervisor.kept import recall_json, write_json
from tandem.app.supervisor.options import data_folder

FILE = "run.json"


def note_run(data: Path, pids: Mapping[str, int | None], environment: Mapping[str, str]) -> None:
    """What runs and what it was told; gone when `up` stops. Holds secrets."""
    told = {name: text for name, text in environment.items() if name.startswith("TANDEM_")}
    write_json(data / FILE, {"pids": dict(pids), "environment": told})


def forget_run(data: Path) -> None:
    (data / FILE).unlink(missing_ok=True)


def pids_of_last_run(data: Path) -> list[int]:
    """Of the parts of an `up` that was killed; empty when it stopped as it should."""
    pids = recall_json(data / FILE).get("pids", {})
    if not isinstance(pids, dict):
        return []
    return [pid for pid in pids.values() if isinstance(pid, int)]


def environment(given: Mapping[str, str] = os.environ) -> Mapping[str, str]:
    """`given`, completed by what the `up` over this person's data folder told its parts.

    `given` alone when it names a database itself, or when no `up` runs.
    """
    data = data_folder(None, given)
    if given.get("TANDEM_DATABASE_URL") or given.get("DATABASE_URL") or not _is_held(data):
        return given
    told = recall_json(data / FILE).get("environment", {})
    assert isinstance(told, dict), "as note_run wrote it"
    return {**told, **given}


def _is_held(data: Path) -> bool:
    if not (data / FILE).exists():
        return False
    lock = DataLock(data)
    try:
        lock.acquire()
    except InUse:
        return True
    lock.release()
    return False
