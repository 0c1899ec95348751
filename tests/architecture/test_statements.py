"""Every statement of the suite, looked at against the migrated schema."""

import asyncio
import re

import asyncpg

from tandem.app.wiring import import_reactions
from tandem.kernel.queries import QUERIES


def test_every_statement_prepares_on_the_migrated_schema(owner_dsn: str) -> None:
    import_reactions()
    import tandem.app.routes

    assert tandem.app.routes.ROUTES
    broken = asyncio.run(_broken(owner_dsn))
    assert broken == []
    assert len(QUERIES) > 30


async def _broken(owner_dsn: str) -> list[str]:
    connection = await asyncpg.connect(owner_dsn)
    found = []
    for query in QUERIES:
        try:
            await connection.prepare(query.sql)
        except asyncpg.PostgresError as reason:
            found.append(f"{reason}: {query.sql}")
    await connection.close()
    return found


def test_every_statement_names_the_organisation_or_says_why_not() -> None:
    import_reactions()
    bare = [
        query.sql for query in QUERIES if query.beyond_org is None and "org_id" not in query.names
    ]
    assert bare == []


def test_statements_beyond_the_organisation_touch_no_table() -> None:
    """They ask security-definer functions, whose arguments are the credential."""
    import_reactions()
    tables = [
        query.sql
        for query in QUERIES
        if query.beyond_org
        and re.search(r"\b(from|join|into|update)\s+[a-z_]+\.[a-z_]+\b(?!\()", query.sql)
    ]
    assert tables == []


def test_row_locks_are_taken_in_an_order() -> None:
    import_reactions()
    unordered = [
        query.sql
        for query in QUERIES
        if re.search(r"for (no key )?update", query.sql)
        and "order by" not in query.sql
        and not re.search(r"\bid = \$\d", query.sql)
    ]
    assert unordered == []
