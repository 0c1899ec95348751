"""Bounced mail and complaints: read by their RFCs, believed by our own mark only (A-MKT-10)."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx2 as httpx
import msgspec
import pytest
from litestar import Litestar

from tandem.crm.notifications.domain.bounces import is_hard
from tandem.crm.notifications.domain.messages import State
from tandem.crm.notifications.domain.providers import Kind
from tandem.crm.notifications.domain.reports import READ, Report, What
from tandem.crm.notifications.domain.returned_mail import read_returned
from tandem.crm.notifications.domain.verp import return_path
from tandem.crm.notifications.service import providers
from tandem.kernel.outbox import drain
from tests.givens import visitor
from tests.notifications.givens import EMAIL, Post
from tests.notifications.test_carrying import add

BOUNCES = "bounces@example.test"


def dsn(
    *,
    to: str = BOUNCES,
    recipient: str = EMAIL,
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "smtp; 550 5.1.1 <meera@example.test>: User unknown",
    message_id: str = "<x@example.test>",
    original: str = "message/rfc822",
) -> bytes:
    """As Postfix writes it."""
    return "\r\n".join(
        [
            "From: MAILER-DAEMON@mx.example.net (Mail Delivery System)",
            "Subject: Undelivered Mail Returned to Sender",
            f"To: {to}",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b1"',
            "",
            "--b1",
            "Content-Type: text/plain; charset=us-ascii",
            "",
            "This is the mail system at host mx.example.net.",
            "",
            "--b1",
            "Content-Type: message/delivery-status",
            "",
            "Reporting-MTA: dns; mx.example.net",
            "Arrival-Date: Sun, 22 Nov 2026 10:00:00 +0000",
            "",
            f"Final-Recipient: rfc822; {recipient}",
            f"Action: {action}",
            f"Status: {status}",
            f"Diagnostic-Code: {diagnostic}",
            "",
            "--b1",
            f"Content-Type: {original}",
            "",
            "From: Nilgiri Teas <shop@example.test>",
            f"To: {recipient}",
            "Subject: Your order",
            f"Message-ID: {message_id}",
            "",
            "Hello",
            "--b1--",
            "",
        ]
    ).encode()


def arf(*, message_id: str, feedback: str = "abuse", mail_from: str = "") -> bytes:
    """RFC 5965, appendix B."""
    return "\r\n".join(
        [
            "From: <abusedesk@example.com>",
            "Subject: FW: Your order",
            f"To: {BOUNCES}",
            "MIME-Version: 1.0",
            'Content-Type: multipart/report; report-type=feedback-report; boundary="b1"',
            "",
            "--b1",
            'Content-Type: text/plain; charset="US-ASCII"',
            "",
            "This is an email abuse report.",
            "",
            "--b1",
            "Content-Type: message/feedback-report",
            "",
            f"Feedback-Type: {feedback}",
            "User-Agent: SomeGenerator/1.0",
            "Version: 1",
            f"Original-Rcpt-To: {EMAIL}",
            *([f"Original-Mail-From: <{mail_from}>"] if mail_from else []),
            "",
            "--b1",
            "Content-Type: message/rfc822",
            "",
            f"Message-ID: {message_id}",
            "Subject: Your order",
            "",
            "Spam Spam Spam",
            "--b1--",
            "",
        ]
    ).encode()


def plain(*, to: str, text: str, subject: str = "failure notice", auto: str = "no") -> bytes:
    """A letter, as qmail writes it."""
    return "\r\n".join(
        [
            "From: MAILER-DAEMON@mx.example.net",
            f"Subject: {subject}",
            f"Auto-Submitted: {auto}",
            f"To: {to}",
            "",
            text,
        ]
    ).encode()


@pytest.mark.parametrize(
    ("status", "diagnostic", "hard"),
    [
        ("5.1.1", "smtp; 550 5.1.1 User unknown", True),
        ("5.1.2", "Host or domain name not found", True),
        ("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound", True),
        ("5.2.1", "550 5.2.1 mailbox disabled", True),
        ("5.0.0", "550 No such user here", True),
        ("5.0.0", "550 Blocked for spam, see policy", False),
        ("5.2.2", "552 5.2.2 The mailbox is full", False),
        ("5.2.3", "message size exceeds fixed limit", False),
        ("5.3.4", "552 5.3.4 Message too big", False),
        ("5.7.1", "550 5.7.1 rejected due to DMARC policy", False),
        ("5.7.1", "550 5.7.1 recipient rejected: user unknown", True),
        ("4.2.2", "452 4.2.2 over quota", False),
        ("4.4.1", "connection timed out", False),
        ("", "550 5.1.1 The email account that you tried to reach does not exist", True),
        ("", "550 Requested action not taken: mailbox unavailable", True),
        ("", "554 Message refused, spam", False),
        ("", "421 try again later", False),
        ("", "", False),
    ],
)
def test_a_bounce_is_hard_where_it_is_about_the_address(
    status: str, diagnostic: str, hard: bool
) -> None:
    assert is_hard(status, diagnostic) is hard


def test_reports_are_read_by_their_fields() -> None:
    our = uuid4()
    found = read_returned(dsn(message_id=f"<{our}@example.test>"))
    assert found is not None
    assert (found.what, found.recipient, found.message_ids, found.is_standard) == (
        What.HARD_BOUNCE,
        EMAIL,
        (our,),
        True,
    )
    headers_only = read_returned(
        dsn(message_id=f"<{our}@example.test>", original="text/rfc822-headers")
    )
    assert headers_only is not None and headers_only.message_ids == (our,)
    kinds = {
        "delayed": What.DEFERRED,
        "delivered": What.DELIVERED,
        "relayed": What.DELIVERED,
    }
    for action, what in kinds.items():
        read = read_returned(dsn(action=action, status="2.0.0"))
        assert read is not None and read.what is what
    complaint = read_returned(arf(message_id=f"<{our}@example.test>"))
    assert complaint is not None
    assert (complaint.what, complaint.recipient, complaint.message_ids) == (
        What.COMPLAINED,
        EMAIL,
        (our,),
    )
    assert read_returned(arf(message_id="<x@y>", feedback="not-spam")) is None
    opted_out = read_returned(arf(message_id="<x@y>", feedback="opt-out"))
    assert opted_out is not None and opted_out.what is What.UNSUBSCRIBED
    letter = read_returned(plain(to=BOUNCES, text="<a@b.test>:\n550 no such user"))
    assert letter is not None
    assert (letter.what, letter.is_standard) == (What.HARD_BOUNCE, False)
    vacation = plain(to=BOUNCES, text="I am away", subject="Re: hi", auto="auto-replied")
    assert read_returned(vacation) is None
    assert read_returned(b"") is None and read_returned(b"\x00\xff" * 500) is None


@pytest.fixture
async def mailbox(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(app) as caller:
        yield caller


class Way:
    def __init__(self, post: Post, caller: httpx.AsyncClient) -> None:
        self.post, self.caller = post, caller
        self.message_id = self.provider_id = UUID(int=0)
        self.secret = ""

    async def open(self) -> "Way":
        values = {"bounce_address": BOUNCES}
        provider = await add(self.post, Kind.SMTP, values=values)
        self.provider_id = provider.id
        async with self.post.work.transaction() as tx:
            self.secret = await providers.read_callback_secret(tx, provider.id)
        (self.message_id,) = await self.post.queue(dedupe=str(uuid4()))
        await self.post.carry(self.message_id)
        assert (await self.post.read(self.message_id)).state is State.SENT
        return self

    @property
    def path(self) -> str:
        return return_path(BOUNCES, self.message_id, self.secret)

    @property
    def our_id(self) -> str:
        return f"<{self.message_id}@example.test>"

    async def comes_back(self, raw: bytes, *, key: str | None = None) -> int:
        path = f"/v1/provider-callbacks/smtp/{self.post.work.org_id}/{self.provider_id}"
        headers = {"content-type": "message/rfc822"}
        answer = await self.caller.post(
            f"{path}?key={self.secret if key is None else key}", content=raw, headers=headers
        )
        await drain(self.post.work.database)
        return answer.status_code

    async def state(self) -> State:
        return (await self.post.read(self.message_id)).state


async def test_the_letter_itself_leaves_with_a_return_path_of_its_own(
    post: Post, mailbox: httpx.AsyncClient
) -> None:
    way = await Way(post, mailbox).open()
    (mail,) = post.mailbox("email")
    assert mail["from"] == way.path


async def test_a_bounce_counts_by_its_return_path_or_by_our_message_id(
    post: Post, mailbox: httpx.AsyncClient
) -> None:
    by_path = await Way(post, mailbox).open()
    full = dsn(to=by_path.path, recipient="else@example.test", status="5.2.2")
    assert await by_path.comes_back(full) == 200
    assert await by_path.state() is State.BOUNCED
    async with post.work.transaction() as tx:
        await providers.remove_provider(tx, by_path.provider_id, now=post.work.now())
    by_id = await Way(post, mailbox).open()
    assert await by_id.comes_back(dsn(message_id=by_id.our_id)) == 200
    assert await by_id.state() is State.BOUNCED
    assert await by_id.comes_back(arf(message_id=by_id.our_id)) == 200
    assert await by_id.state() is State.COMPLAINED


async def test_an_old_servers_letter_counts_with_our_return_path_only(
    post: Post, mailbox: httpx.AsyncClient
) -> None:
    way = await Way(post, mailbox).open()
    text = f"Hi. This is the qmail-send program.\n550 no such user\n{way.our_id}"
    await way.comes_back(plain(to=BOUNCES, text=text))
    assert await way.state() is State.SENT
    await way.comes_back(plain(to=way.path, text=text))
    assert await way.state() is State.BOUNCED


async def test_forged_bounces_change_nothing(post: Post, mailbox: httpx.AsyncClient) -> None:
    way = await Way(post, mailbox).open()
    other_path = return_path(BOUNCES, way.message_id, "another secret")
    for raw in (
        dsn(),
        dsn(to=other_path),
        dsn(message_id=f"<{uuid4()}@example.test>"),
        dsn(message_id=way.our_id, recipient="somebody@else.test"),
        arf(message_id="<guess@example.test>", mail_from=other_path),
    ):
        assert await way.comes_back(raw) == 200
    assert await way.comes_back(dsn(message_id=way.our_id), key="guess") == 401
    assert await way.state() is State.SENT
    assert await post.told() == ["message_sent"]


@pytest.mark.parametrize(
    ("kind", "event", "expected"),
    [
        (
            Kind.SENDGRID,
            {"event": "dropped", "timestamp": 1, "reason": "Bounced Address", "sg_event_id": "a"},
            [What.HARD_BOUNCE],
        ),
        (
            Kind.SENDGRID,
            {"event": "dropped", "timestamp": 1, "reason": "Spam Reporting Address"},
            [What.COMPLAINED],
        ),
        (
            Kind.SENDGRID,
            {"event": "dropped", "timestamp": 1, "reason": "Unsubscribed Address"},
            [What.FAILED, What.UNSUBSCRIBED],
        ),
        (
            Kind.SENDGRID,
            {"event": "dropped", "timestamp": 1, "reason": "Spam Content"},
            [What.FAILED],
        ),
        (
            Kind.MAILGUN,
            {"event-data": {"event": "failed", "timestamp": 1, "reason": "suppress-bounce",
                            "severity": "permanent", "delivery-status": {"code": 605}}},
            [What.HARD_BOUNCE],
        ),
        (
            Kind.MAILGUN,
            {"event-data": {"event": "failed", "timestamp": 1, "reason": "suppress-unsubscribe"}},
            [What.FAILED, What.UNSUBSCRIBED],
        ),
        (
            Kind.POSTMARK,
            {"RecordType": "Bounce", "Type": "Unsubscribe", "ID": 5, "MessageID": "m"},
            [What.UNSUBSCRIBED],
        ),
    ],
)  # fmt: skip
def test_what_a_provider_would_not_even_try_says_what_it_knew(
    kind: Kind, event: dict[str, Any], expected: list[What]
) -> None:
    told = READ[kind](msgspec.json.encode(event))
    assert [one.what for one in told if isinstance(one, Report)] == expected
    assert len({one.key for one in told}) == len(expected)
