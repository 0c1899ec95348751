"""Having the database prepared, and keeping the logins that come of it."""

import json
import secrets
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tandem.app.embedded.parent import dies_with_parent
from tandem.app.supervisor.kept import read_json, write_json
from tandem.app.supervisor.refusals import CannotStart

MODULE = "tandem.app.supervisor.prepare"


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """`told` says in words what was done. No logins when the demo company is not there."""

    told: str
    app_database_url: str
    admin_email: str | None
    admin_password: str | None
    api_key: str | None


def prepare(environment: Mapping[str, str], logins: Path) -> Prepared:
    """Migrate and seed. What is kept in `logins` comes out the same the next time."""
    kept = read_json(logins)
    if "admin_password" not in kept:
        kept["admin_password"] = secrets.token_urlsafe(12)
        write_json(logins, kept)
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", MODULE],
        env=environment,
        input=json.dumps(kept),
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        preexec_fn=dies_with_parent(signal.SIGKILL),
    )
    if done.returncode != 0:
        raise CannotStart(f"The database could not be prepared:\n{done.stderr.strip()}")
    answer = json.loads(done.stdout)
    if answer["logins"] != kept:
        write_json(logins, answer["logins"])
    is_demo = "api_key" in answer["logins"]
    return Prepared(
        told=answer["told"],
        app_database_url=answer["app_database_url"],
        admin_email=answer["logins"]["admin_email"] if is_demo else None,
        admin_password=answer["logins"]["admin_password"] if is_demo else None,
        api_key=answer["logins"]["api_key"] if is_demo else None,
    )
