import asyncio
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest

from tandem.sandbox.mailbox import messages
from tandem.sandbox.mailbox.messages import Kind, NewMessage
from tandem.sandbox.store import Store
from tests.sandbox.serving import Sandbox

PIXEL = bytes.fromhex("89504e470d0a1a0a")


def letter(**headers: str) -> EmailMessage:
    message = EmailMessage()
    given = {"from": "Shop <shop@tandem.test>", "to": "asha@example.test", "subject": "Order 12"}
    for name, value in (given | headers).items():
        message[name] = value
    message.set_content("Hello Asha\nTrack http://127.0.0.1:8000/t/abc.\n")
    message.add_alternative(
        '<h1>Hello Asha</h1><img src="cid:logo"><script>alert(1)</script>', subtype="html"
    )
    html = message.get_payload(1)
    assert isinstance(html, EmailMessage)
    html.add_related(PIXEL, "image", "png", cid="<logo>")
    message.add_attachment(b"%PDF-1.7", "application", "pdf", filename='in"voice <1>.pdf')
    return message


def send(sandbox: Sandbox, message: EmailMessage, **options: Any) -> Any:
    async def send_it() -> Any:
        return await aiosmtplib.send(
            message,
            hostname="127.0.0.1",
            port=sandbox.settings.smtp_port,
            start_tls=False,
            **{"timeout": 5, **options},
        )

    return asyncio.run(send_it())


def inbox(sandbox: Sandbox, **query: Any) -> list[dict[str, Any]]:
    answer = sandbox.http.get("/api/messages", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def test_a_letter_is_kept_with_its_parts_and_blind_recipients(sandbox: Sandbox) -> None:
    send(sandbox, letter(), recipients=["Asha@example.test", "audit@example.test"])
    (kept,) = inbox(sandbox)
    assert kept["kind"] == "email"
    assert kept["from"] == "shop@tandem.test"
    assert sorted(kept["to"]) == ["asha@example.test", "audit@example.test"]
    assert kept["subject"] == "Order 12"
    assert kept["text"].startswith("Hello Asha")
    assert kept["html"].startswith("<h1>Hello Asha</h1>")
    assert ["Subject", "Order 12"] in [[name.title(), value] for name, value in kept["headers"]]
    assert [(file["name"], file["media_type"]) for file in kept["attachments"]] == [
        ("part-2", "image/png"),
        ('in"voice <1>.pdf', "application/pdf"),
    ]


def test_attachments_come_back_as_downloads_byte_for_byte(sandbox: Sandbox) -> None:
    send(sandbox, letter())
    (kept,) = inbox(sandbox)
    part = kept["attachments"][1]["part"]
    answer = sandbox.http.get(f"/api/messages/{kept['id']}/attachments/{part}")
    assert answer.content == b"%PDF-1.7"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert sandbox.http.get(f"/api/messages/{kept['id']}/attachments/0").status_code == 404


def test_messages_are_found_by_address_kind_and_what_came_before(sandbox: Sandbox) -> None:
    for name in ("asha", "ravi"):
        send(sandbox, letter(to=f"{name}@example.test"))
    newest, oldest = inbox(sandbox)
    assert newest["to"] == ["ravi@example.test"]
    assert inbox(sandbox, to="ASHA@example.test") == [oldest]
    assert inbox(sandbox, to="ravi") == [newest]
    assert inbox(sandbox, since=oldest["id"]) == [newest]
    assert inbox(sandbox, since=oldest["received_at"]) == [newest, oldest]
    assert inbox(sandbox, since="2099-01-01T00:00:00Z") == []
    assert inbox(sandbox, kind="sms") == []
    assert inbox(sandbox, limit=1) == [newest]
    assert sandbox.http.get("/api/messages", params={"since": "yesterday"}).status_code == 400
    assert sandbox.http.get("/api/messages", params={"kind": "fax"}).status_code == 400


def test_the_oldest_messages_are_forgotten(tmp_path: Path) -> None:
    store = Store(tmp_path / "sandbox.sqlite3")
    store.create(messages.DDL)
    new = NewMessage(
        kind=Kind.SMS, sender="T", to=["+91"], text="x", raw=b"x", received_at=datetime.now(UTC)
    )
    with store.transaction():
        for _ in range(messages.KEPT_MAX + 3):
            messages.insert(store, new)
    assert messages.count_messages(store) == messages.KEPT_MAX
    assert messages.find_message(store, 3) is None
    assert messages.find_message(store, 4) is not None


def test_deleting_by_address_leaves_the_others(sandbox: Sandbox) -> None:
    for name in ("asha", "ravi"):
        send(sandbox, letter(to=f"{name}@example.test"))
    assert sandbox.http.delete("/api/messages", params={"to": "asha"}).status_code == 204
    assert [message["to"] for message in inbox(sandbox)] == [["ravi@example.test"]]
    assert sandbox.http.delete("/api/messages").status_code == 204
    assert inbox(sandbox) == []
    send(sandbox, letter())
    assert inbox(sandbox)[0]["id"] == 3, "ids are never used twice, so `since` stays true"


def test_a_letters_html_is_shown_only_in_a_frame_that_runs_nothing(sandbox: Sandbox) -> None:
    send(sandbox, letter(subject="<script>alert(2)</script>"))
    page = sandbox.http.get("/mail/1")
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(2)" in page.text
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page.text
    assert "'unsafe-inline'" not in page.headers["content-security-policy"]

    frame = sandbox.http.get("/mail/1/html")
    policy = frame.headers["content-security-policy"]
    assert policy.startswith("sandbox allow-popups ")
    assert "allow-scripts" not in policy and "default-src 'none'" in policy
    assert "data:image/png;base64,iVBORw0KGgo=" in frame.text
    assert '<base target="_blank">' in frame.text


def test_every_way_to_read_a_letter_is_escaped(sandbox: Sandbox) -> None:
    send(sandbox, letter())
    text = sandbox.http.get("/mail/1?view=text").text
    assert '<a href="http://127.0.0.1:8000/t/abc" target="_blank"' in text
    assert "in&#34;voice &lt;1&gt;.pdf" in text
    raw = sandbox.http.get("/mail/1?view=raw").text
    assert "multipart/mixed" in raw and "<script>alert" not in raw
    assert "MIME-Version" in sandbox.http.get("/mail/1?view=headers").text
    assert sandbox.http.get("/mail/2").status_code == 404


def test_the_inbox_page_lists_and_searches(sandbox: Sandbox) -> None:
    assert "Nothing here" in sandbox.http.get("/mail").text
    send(sandbox, letter(subject="For <b>Asha</b>"))
    page = sandbox.http.get("/mail", params={"to": "asha"}).text
    assert "For &lt;b&gt;Asha&lt;/b&gt;" in page
    assert "Nothing here for “&lt;i&gt;”" in sandbox.http.get("/mail", params={"to": "<i>"}).text
    emptied = sandbox.http.post("/mail/deletion")
    assert (emptied.status_code, emptied.headers["location"]) == (303, "/mail")
    assert inbox(sandbox) == []


def test_old_messages_are_a_page_away(sandbox: Sandbox) -> None:
    async def send_many() -> None:
        client = aiosmtplib.SMTP(
            hostname="127.0.0.1", port=sandbox.settings.smtp_port, start_tls=False
        )
        async with client:
            for number in range(52):
                await client.send_message(letter(subject=f"No. {number:02}"))

    asyncio.run(send_many())
    first = sandbox.http.get("/mail").text
    assert "No. 51" in first and "No. 01" not in first
    second = sandbox.http.get("/mail", params={"before": 3}).text
    assert "No. 01" in second and "No. 02" not in second and ">Older<" not in second


def test_a_refused_recipient_gets_nothing_and_the_others_do(sandbox: Sandbox) -> None:
    sandbox.break_next("smtp", "550", match="ravi@")
    refused, _ = send(sandbox, letter(), recipients=["asha@example.test", "ravi@example.test"])
    assert refused["ravi@example.test"].code == 550
    assert [message["to"] for message in inbox(sandbox)] == [["asha@example.test"]]


def test_greylisting_ends_after_the_asked_number_of_tries(sandbox: Sandbox) -> None:
    sandbox.break_next("smtp", "451", count=2)
    for _ in range(2):
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
            send(sandbox, letter())
        assert [error.code for error in refused.value.recipients] == [451]
        assert inbox(sandbox) == []
    send(sandbox, letter())
    assert len(inbox(sandbox)) == 1


def test_a_silence_after_the_data_keeps_the_letter(sandbox: Sandbox) -> None:
    sandbox.break_next("smtp", "timeout_after", seconds=0.2)
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        send(sandbox, letter())
    assert len(inbox(sandbox)) == 1


def test_a_silence_before_keeping_loses_the_letter(sandbox: Sandbox) -> None:
    sandbox.break_next("smtp", "timeout_before", seconds=5)
    with pytest.raises(aiosmtplib.SMTPException):
        send(sandbox, letter(), timeout=0.3)
    assert inbox(sandbox) == []


def test_one_password_is_refused_and_the_client_is_told(sandbox: Sandbox) -> None:
    with pytest.raises(aiosmtplib.SMTPAuthenticationError) as refused:
        send(sandbox, letter(), username="shop", password="wrong")
    assert refused.value.code == 535
    send(sandbox, letter(), username="shop", password="any other")
    assert len(inbox(sandbox)) == 1


def test_a_letter_in_an_unknown_character_set_is_still_readable(sandbox: Sandbox) -> None:
    broken = EmailMessage()
    broken["from"], broken["to"], broken["subject"] = "a@b.test", "asha@example.test", "odd"
    broken.set_content("caf\u00e9")
    broken.replace_header("content-type", 'text/plain; charset="klingon"')
    send(sandbox, broken)
    assert "caf" in inbox(sandbox)[0]["text"]
    assert sandbox.http.get("/mail/1").status_code == 200
