"""Fresh copies of the migrated database, and the role the application reads them as."""

import asyncio
import hashlib

from tandem.app.migrate import migrate, migrations
from tests import postgres

APP_ROLE = "tandem_test_app"
APP_PASSWORD = "test"


def fresh(server: postgres.Server) -> str:
    """The owner's DSN of a database with every table and no row. Drop it when done."""
    key = hashlib.sha256("".join(one.sha256 for one in migrations()).encode()).hexdigest()
    return postgres.clone(server, postgres.template(server, _migrate, key))


def as_app(owner_dsn: str) -> str:
    return postgres.as_role(owner_dsn, APP_ROLE, APP_PASSWORD)


def _migrate(dsn: str) -> None:
    asyncio.run(migrate(dsn, app_role=APP_ROLE, app_password=APP_PASSWORD))
