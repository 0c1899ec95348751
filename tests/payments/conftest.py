"""A shop whose gateway is the stand-in, over real HTTP, and whose worker runs when it is told."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime

import msgspec
import pytest

from tandem.app.settings import Settings
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.payments.shop import Shop, open_shop
from tests.sandbox.serving import Sandbox, running_sandbox
from tests.serving import serving


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as opened:
        yield opened


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    """One for the file; every test finds it with nothing broken."""
    yield running
    running.http.delete("/sandbox/faults")
    running.http.post("/sandbox/clock", json={"offset_seconds": 0})
    running.http.patch(
        "/sandbox/razorpay/account",
        json={
            "is_auto_capturing": False,
            "has_unique_receipts": False,
            "webhook_secret": "sandbox_webhook_secret",
        },
    )


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    return msgspec.structs.replace(
        settings,
        razorpay_base_url=f"{sandbox.settings.base_url}/razorpay/v1/",
        razorpay_checkout_url=f"{sandbox.settings.base_url}/razorpay/v1/checkout.js",
    )


@pytest.fixture
async def shop(
    settings: Settings, database: Database, actor: Actor, sandbox: Sandbox, now: datetime
) -> AsyncIterator[Shop]:
    opened = await open_shop(settings, database, actor, sandbox)
    yield opened
    await opened.close()


@pytest.fixture
def web(settings: Settings, sandbox: Sandbox) -> Iterator[str]:
    """The application on a port; the stand-in's webhooks go there."""
    with serving(settings) as base_url:
        url = f"{base_url}/v1/webhooks/razorpay"
        answer = sandbox.http.patch("/sandbox/razorpay/account", json={"webhook_url": url})
        assert answer.status_code == 200, answer.text
        yield base_url
