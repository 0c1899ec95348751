"""The walls between organisations, read from the migrated database."""

import asyncio
from typing import Any

import asyncpg
import pytest

JOBS = "jobs"  # pgqueuer's own tables: they carry ids only, each job enters its organisation itself
UNWALLED = {"kernel.migration"}  # the installation's own, not granted to the app at all


async def _rows(dsn: str, sql: str) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(sql)
    await connection.close()
    return [dict(row) for row in rows]


TABLES = """
    select n.nspname || '.' || c.relname as name, c.relrowsecurity as walled,
           pg_get_userbyid(c.relowner) as owner,
           (select count(*) from pg_policy p where p.polrelid = c.oid) as policies,
           (select a.attname from pg_index i
              join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
             where i.indrelid = c.oid and i.indisprimary) as first_key
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') and not c.relispartition
       and n.nspname not in ('pg_catalog', 'information_schema', 'jobs')
"""


def test_every_table_stands_behind_row_level_security(owner_dsn: str) -> None:
    tables = asyncio.run(_rows(owner_dsn, TABLES))
    assert len(tables) > 15
    open_tables = {
        table["name"] for table in tables if not table["walled"] or not table["policies"]
    }
    assert open_tables - UNWALLED == set()


def test_every_primary_key_begins_with_the_organisation(owner_dsn: str) -> None:
    tables = asyncio.run(_rows(owner_dsn, TABLES))
    other = {table["name"] for table in tables if table["first_key"] != "org_id"}
    assert other - UNWALLED == set()


def test_the_app_owns_nothing_and_cannot_bypass_the_wall(owner_dsn: str) -> None:
    roles = asyncio.run(
        _rows(
            owner_dsn,
            """
            select rolname, rolsuper, rolbypassrls, rolcreaterole,
                   (select count(*) from pg_class where relowner = pg_roles.oid) as owns
              from pg_roles where rolname in ('tandem_app', 'tandem_test_app')
            """,
        )
    )
    assert len(roles) == 2
    for role in roles:
        assert (role["rolsuper"], role["rolbypassrls"], role["rolcreaterole"]) == (False,) * 3
        assert role["owns"] == 0


LEDGERS = [
    "customers.consent_event",
    "delivery.delivery_status",
    "delivery.eta_prediction",
    "delivery.fence_crossing",
    "delivery.proof",
    "delivery.track_view",
    "inventory.entry",
    "invoicing.invoice",
    "invoicing.invoice_line",
    "kernel.audit",
    "kernel.audit_seal",
    "kernel.event",
    "kernel.webhook",
    "notifications.attempt",
    "notifications.carriage",
    "payments.payment_event",
    "shipping.edd_revision",
    "shipping.manifest",
    "shipping.scan",
    "shipping.shipment_item",
    "webhooks.attempt",
    "support.step",
]


@pytest.mark.parametrize("table", LEDGERS)
def test_the_app_cannot_rewrite_a_ledger(owner_dsn: str, table: str) -> None:
    rows = asyncio.run(
        _rows(
            owner_dsn,
            f"""
            select has_table_privilege('tandem_app', '{table}', 'update') as u,
                   has_table_privilege('tandem_app', '{table}', 'delete') as d,
                   has_table_privilege('tandem_app', '{table}', 'insert') as i
            """,
        )
    )
    assert rows == [{"u": False, "d": False, "i": True}]


def test_functions_that_see_beyond_the_wall_are_few_and_fixed(owner_dsn: str) -> None:
    rows = asyncio.run(
        _rows(
            owner_dsn,
            """
            select n.nspname || '.' || p.proname as name, p.proconfig::text as config
              from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema')
            """,
        )
    )
    assert [row["name"] for row in rows if "search_path" not in (row["config"] or "")] == []
    assert len(rows) <= 34
