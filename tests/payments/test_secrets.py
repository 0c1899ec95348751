"""Neither the logs nor the database ever hold a key's secret or a card's number (AP15)."""

import logging
from datetime import timedelta

import asyncpg
import pytest
import structlog

from tandem.app.settings import Settings, shown
from tests.payments.shop import Shop

CARD = "5500670000001002"
FORBIDDEN = ("sandbox_key_secret", "sandbox_webhook_secret", CARD, "482913")
TABLES = """
select format('%I.%I', table_schema, table_name) as name
  from information_schema.tables
 where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')
"""


async def test_a_whole_payment_by_card_leaves_no_secret_behind(
    shop: Shop,
    web: str,
    owner_dsn: str,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as structured:
        order, intent = await shop.payable()
        shop.sandbox.break_next("razorpay", "500", match="/v1/orders/")
        shop.buy(intent, method="card", card_number=CARD, otp="482913")
        await shop.reconcile(after=timedelta(minutes=1))
        await shop.reconcile(after=timedelta(minutes=1))
    (payment,) = await shop.payments(order.id)
    assert (payment.status, payment.method) == ("captured", "card")
    printed = capfd.readouterr()
    logged = "\n".join([caplog.text, str(structured), printed.out, printed.err])
    kept = await dump(owner_dsn)
    for secret in FORBIDDEN:
        assert secret not in logged
        assert secret not in kept
    assert payment.provider_payment_id in kept


async def test_the_printed_settings_and_the_gateway_mask_their_secrets(
    shop: Shop, settings: Settings
) -> None:
    printed = str(shown(settings)) + repr(shop.gateway)
    assert "sandbox_key_secret" not in printed and "sandbox_webhook_secret" not in printed


async def dump(owner_dsn: str) -> str:
    """Every row of every table, as text."""
    connection = await asyncpg.connect(owner_dsn)
    try:
        tables = await connection.fetch(TABLES)
        rows = [
            await connection.fetch(f"select t::text as row from {one['name']} t") for one in tables
        ]
        bodies = await connection.fetch(
            "select convert_from(body, 'utf8') as row from kernel.webhook"
        )
    finally:
        await connection.close()
    return "\n".join(row["row"] for found in [*rows, bodies] for row in found)
