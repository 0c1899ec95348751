"""Small private files of the installation, each written whole or not at all."""

import json
import os
import secrets
from pathlib import Path

PRIVATE = 0o600
SECRETS = "secrets.json"


def write_json(path: Path, content: object) -> None:
    """Replace `path` at once; only its owner may read it."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    with open(descriptor, "w") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(descriptor)
    temporary.replace(path)


def read_json(path: Path) -> dict[str, object]:
    """What `write_json` wrote; empty when there is no such file."""
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    assert isinstance(content, dict), f"{path} holds an object"
    return content


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
