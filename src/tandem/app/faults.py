"""What a person at the terminal can mend, in one line; everything else keeps its trace."""

import socket

import asyncpg

from tandem.app.migrate import MigrationChanged
from tandem.app.settings import SettingsWrong
from tandem.app.supervisor.refusals import CannotStart
from tandem.kernel.errors import Refusal

TOLD = (CannotStart, MigrationChanged, OSError, Refusal, SettingsWrong, asyncpg.PostgresError)
"""`in_words` is asked about these, and knows what to say to most of them."""

NOT_REACHED = (ConnectionError, TimeoutError, socket.gaierror)

OF_DATABASE: dict[type[Exception], str] = {
    asyncpg.InvalidAuthorizationSpecificationError: "The database refuses to be signed in to",
    asyncpg.InvalidCatalogNameError: "The database is not there. Create it first",
    asyncpg.InsufficientPrivilegeError: (
        "The database's owner must own its schemas and be allowed to create roles"
    ),
    asyncpg.FeatureNotSupportedError: "The database server lacks something that is needed",
    asyncpg.UndefinedTableError: (
        "The schema is not there, or older than this program. Run `tandem migrate`"
    ),
    asyncpg.UndefinedColumnError: "The schema is older than this program. Run `tandem migrate`",
    asyncpg.InvalidSchemaNameError: "The schema is not there. Run `tandem migrate`",
    asyncpg.InsufficientResourcesError: "The database server has no room left",
    asyncpg.PostgresConnectionError: "The database went away",
    asyncpg.OperatorInterventionError: "The database is being stopped or started",
}


def in_words(reason: Exception) -> str | None:
    """One line about `reason`; None when it is none of those that a person causes and can mend."""
    if isinstance(reason, MigrationChanged):
        return (
            f"The migration {reason} was applied with another text than this program brings. "
            "Run the version that applied it, or a later one."
        )
    if isinstance(reason, CannotStart | SettingsWrong | Refusal):
        return str(reason)
    if isinstance(reason, NOT_REACHED):
        return f"The database does not answer at the address in DATABASE_URL ({reason})."
    if isinstance(reason, OSError):
        return f"{reason.filename}: {reason.strerror}." if reason.filename else None
    for kind, words in OF_DATABASE.items():
        if isinstance(reason, kind):
            return f"{words} ({str(reason).splitlines()[0]})."
    return None
