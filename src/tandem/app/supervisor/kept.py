"""Small private files of the installation, each written whole or not at all."""

import json
import os
import secrets
from pathlib import Path

from tandem.app.supervisor.refusals import CannotStart

PRIVATE = 0o600
SECRETS = "secrets.json"


def write_json(path: Path, content: object) -> None:
    """Replace `path` at once; only its owner may read it."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    try:
        with open(descriptor, "w") as file:
            json.dump(content, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except OSError:
        temporary.unlink()
        raise


def read_json(path: Path) -> dict[str, object]:
    """What `write_json` wrote; empty when there is no such file. Refuses what is none of that:
    secrets are not made up anew because their file was damaged."""
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise CannotStart(f"{path} is damaged. Put it back from a backup.")
    return content


def recall_json(path: Path) -> dict[str, object]:
    """The same of a file that a start can do without: a damaged one is as good as none."""
    try:
        return read_json(path)
    except CannotStart:
        return {}


def secret_key(data: Path) -> str:
    """The installation's one key: made at the first start, kept for good."""
    kept = read_json(data / SECRETS)
    if "secret_key" not in kept:
        kept["secret_key"] = secrets.token_urlsafe(48)
        write_json(data / SECRETS, kept)
    return str(kept["secret_key"])


def secret_keys(data: Path) -> str:
    """The keys of the secrets at rest, newest first: the first is made at the first start."""
    kept = read_json(data / SECRETS)
    return str(kept["secret_keys"]) if "secret_keys" in kept else add_secret_key(data)


def add_secret_key(data: Path) -> str:
    """Put a fresh key before the ones that are there; it seals from the next start on."""
    from tandem.kernel.secrets import new_key  # with all of cryptography: at the first start only

    kept = read_json(data / SECRETS)
    listed = [new_key(), *filter(None, [str(kept.get("secret_keys", ""))])]
    kept["secret_keys"] = ",".join(listed)
    write_json(data / SECRETS, kept)
    return str(kept["secret_keys"])
