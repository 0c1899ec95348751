from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from secrets import randbelow

import httpx2 as httpx
import msgspec
import pytest
from litestar import Litestar

from tandem.app.asgi import equip
from tandem.app.settings import Settings
from tandem.crm.notifications.gateways.callbacks import Notices
from tandem.crm.notifications.gateways.carriers import Carriers
from tandem.crm.notifications.gateways.port import Mailer, Site, Texter
from tandem.crm.notifications.gateways.smtp import SmtpMailer
from tandem.crm.notifications.gateways.twilio import TwilioTexter
from tandem.kernel.actor import Actor
from tandem.kernel.clock import Clock
from tandem.kernel.db import Database
from tandem.kernel.guard import Guard
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tests.givens import visitor
from tests.notifications.givens import BASE, SITE, Post
from tests.sandbox.serving import Sandbox, running_sandbox


class Hands(Clock):
    """A clock whose hands a test moves. It starts at the real time, as the stand-ins' does."""

    def __init__(self) -> None:
        super().__init__()
        self._at = datetime.now(UTC)

    def now(self) -> datetime:
        return self._at

    def advance(self, **span: float) -> None:
        self._at += timedelta(**span)


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def sandbox(stand_ins: Sandbox) -> Sandbox:
    """The stand-ins, unbroken and with an empty mailbox."""
    assert stand_ins.http.delete("/sandbox/faults").status_code == 204
    assert stand_ins.http.delete("/api/messages").is_success
    return stand_ins


@pytest.fixture
def hands(database: Database) -> Hands:
    moved = Hands()
    database.clock = moved
    return moved


@pytest.fixture
def resources(sandbox: Sandbox) -> Resources:
    held = Resources()
    held.add(
        Mailer,
        SmtpMailer(
            f"smtp://127.0.0.1:{sandbox.settings.smtp_port}",
            sender="Tandem <no-reply@tandem.test>",
        ),
    )
    held.add(
        Texter,
        TwilioTexter(
            base_url=f"{sandbox.settings.base_url}/sms",
            account_sid=sandbox.settings.sms_account_sid,
            auth_token=sandbox.settings.sms_auth_token,
            sender="+15005550006",
        ),
    )
    held.add(Site, Site(base_url=SITE))
    held.add(
        Carriers,
        Carriers(
            Guard(["127.0.0.0/8"]),
            sandbox_url=sandbox.settings.base_url,
            sandbox_smtp_url=f"smtp://127.0.0.1:{sandbox.settings.smtp_port}",
            callback_base="",
        ),
    )
    held.add(Notices, Notices(sandbox_url=sandbox.settings.base_url))
    return held


@pytest.fixture
def post(
    database: Database, actor: Actor, hands: Hands, resources: Resources, sandbox: Sandbox
) -> Post:
    return Post(
        work=Work(database, resources, actor.org_id),
        actor=actor,
        hands=hands,
        sandbox=sandbox,
        phone=f"+9198{randbelow(10**8):08}",
    )


@pytest.fixture
async def vendor(
    application: Litestar, settings: Settings, database: Database, post: Post
) -> AsyncIterator[httpx.AsyncClient]:
    """Whoever reports to an installation at a public address beside the sandbox."""
    public = msgspec.structs.replace(
        settings, base_url=BASE, sandbox_url=post.sandbox.settings.base_url
    )
    equip(application.state, public, database)
    async with visitor(application) as caller:
        yield caller
