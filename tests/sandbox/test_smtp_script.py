"""A mail server that answers as it is told, and counts who got what how often."""

import asyncio
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import aiosmtplib
import pytest

from tests.sandbox.serving import Sandbox, running_sandbox


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as one:
        yield one


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    """One for the file; what a test broke is whole again."""
    assert running.http.delete("/sandbox/faults").status_code == 204
    return running


def send(sandbox: Sandbox, to: str, message_id: str = "<one@shop.test>") -> Any:
    message = EmailMessage()
    message["From"], message["To"] = "shop@shop.test", to
    message["Subject"], message["Message-ID"] = "Hello", message_id
    message.set_content("Hello")

    async def send_it() -> Any:
        return await aiosmtplib.send(
            message, hostname="127.0.0.1", port=sandbox.settings.smtp_port, timeout=2
        )

    return asyncio.run(send_it())


def rules(sandbox: Sandbox, *given: dict[str, Any]) -> None:
    answer = sandbox.http.put("/sandbox/smtp/rules", json=list(given))
    assert answer.status_code == 200, answer.text
    assert sandbox.http.delete("/sandbox/smtp/counts").status_code == 204


def counts(sandbox: Sandbox) -> dict[str, Any]:
    found: dict[str, Any] = sandbox.http.get("/sandbox/smtp/counts").json()
    return found


def test_the_longest_pattern_says_what_a_recipient_hears(sandbox: Sandbox) -> None:
    rules(
        sandbox,
        {"pattern": "@full.test", "reply": "451"},
        {"pattern": "gone@full.test", "reply": "550"},
        {"pattern": "@down.test", "reply": "421"},
    )
    for to, code in (("a@full.test", 451), ("gone@full.test", 550), ("a@down.test", 421)):
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
            send(sandbox, to)
        assert refused.value.recipients[0].code == code
    send(sandbox, "a@other.test")
    assert counts(sandbox) == {"letters": 1, "arrivals": 1, "people": 1, "repeated": []}


def test_a_greylist_takes_the_second_try(sandbox: Sandbox) -> None:
    rules(sandbox, {"pattern": "@grey.test", "reply": "greylist"})
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        send(sandbox, "a@grey.test")
    send(sandbox, "a@grey.test")
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        send(sandbox, "b@grey.test")
    assert counts(sandbox)["arrivals"] == 1


@pytest.mark.parametrize(("reply", "arrivals"), [("drop", 1), ("half_open", 0), ("stall", 0)])
def test_silence_comes_where_the_script_says(sandbox: Sandbox, reply: str, arrivals: int) -> None:
    rules(sandbox, {"reply": reply, "seconds": 0.1})
    with pytest.raises(aiosmtplib.SMTPException):
        send(sandbox, "a@silent.test")
    assert counts(sandbox)["arrivals"] == arrivals
    rules(sandbox)


def test_what_came_twice_is_counted_by_letter_and_person(sandbox: Sandbox) -> None:
    rules(sandbox)
    for to in ("a@x.test", "A@x.test", "b@x.test"):
        send(sandbox, to, "<twice@shop.test>")
    found = counts(sandbox)
    assert (found["letters"], found["arrivals"], found["people"]) == (2, 3, 2)
    assert found["repeated"] == [
        {"message_id": "<twice@shop.test>", "address": "a@x.test", "count": 2}
    ]
