"""Letters written straight down say what the standard library's letters say."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.crm.notifications.domain.messages import Channel, Message, State
from tandem.crm.notifications.gateways.composing import author_domain, compose, composed

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
SENDER = "no-reply@tandem.test"
LEAVE = {
    "List-Unsubscribe": f"<https://shop.example.test/u/{'a' * 200}>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "List-ID": "<marketing.0190.list>",
}


def message(**more: Any) -> Message:
    usual: dict[str, Any] = {
        "subject": "Summer teas", "text": "New teas.\n", "html": "<p>New teas.</p>",
        "sender_name": "Nilgiri Teas", "recipient": "asha@example.test",
    }  # fmt: skip
    return Message(
        id=UUID(int=7), dedupe="d", channel=Channel.EMAIL, template="campaign", order_id=None,
        is_secret=False, not_after=None, state=State.SENDING, attempts=1, due_at=NOW,
        handed_over_at=None, look_ups=0, provider_message_id=None, receipt="", error="",
        created_at=NOW, updated_at=NOW, **{**usual, **more},
    )  # fmt: skip


def read(raw: bytes) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Headers as a reader sees them, and each part's kind and words."""
    letter = message_from_bytes(raw, policy=policy.default)
    assert isinstance(letter, EmailMessage)
    told = [(name, str(value)) for name, value in letter.items() if name in SAID]
    words = [
        (part.get_content_type(), part.get_content().replace("\r\n", "\n"))
        for part in letter.walk()
        if not part.is_multipart()
    ]
    return sorted(told), words


SAID = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", *LEAVE}


def check(about: Message, headers: Mapping[str, str]) -> None:
    raw = composed(about, sender=SENDER, headers=headers)
    assert read(raw) == read(compose(about, sender=SENDER, headers=headers).as_bytes())
    assert raw.isascii() or not about.recipient.isascii()
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) < 998
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert composed(about, sender=SENDER, headers=headers) == raw, "the same at every try"


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"html": ""},
        {"text": ""},
        {"subject": "A long one: " + "teas of the summer " * 12},
        {"subject": "नीलगिरि की नई चाय ☕ " * 6, "text": "नई चाय\n" * 40, "html": "<p>नई</p>" * 90},
        {"subject": "Café, s'il vous plaît", "text": "Où? " * 50},
        {"subject": "=?utf-8?q?not_encoded?="},
        {"sender_name": 'Rao, "Tea" & Sons \\ Co. <x@y.test>'},
        {"sender_name": "चाय की दुकान और बहुत लंबा नाम जो एक पंक्ति में नहीं आता है"},
        {"sender_name": ""},
        {"text": ".\n..\n.dot\nFrom here\ntrail \t\n--=_00\n\tx=3D\n" + "w" * 1200},
        {"html": "<p>" + "long line without an end " * 60 + "</p>"},
        {"recipient": "o'hara+tag@mail.example.test"},
        {"recipient": "asha@bücher.example"},
        {"recipient": "आशा@example.test"},
    ],
)
def test_what_leaves_reads_as_the_library_would_have_written_it(more: dict[str, Any]) -> None:
    check(message(**more), LEAVE)


ANY = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=120)


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.just("\n"), max_size=400)


@settings(max_examples=60, deadline=None)
@given(subject=ANY, name=ANY, text=WORDS)
def test_any_words_arrive_as_they_were_written(subject: str, name: str, text: str) -> None:
    subject, name = " ".join(subject.split()), " ".join(name.split())
    about = message(subject=subject, sender_name=name, text=text)
    raw = composed(about, sender=SENDER, headers={})
    letter = message_from_bytes(raw, policy=policy.default)
    assert isinstance(letter, EmailMessage)
    assert [str(one) for one in letter.get_all("To", [])] == ["asha@example.test"]
    if "=?" not in about.subject:
        assert str(letter["Subject"]) == about.subject
    body = letter.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n").rstrip("\n") == text.rstrip("\n")


@pytest.mark.parametrize("wrong", ["Hello\r\nBcc: eve@example.test", "Hello\nX: y"])
def test_a_header_never_begins_another_one(wrong: str) -> None:
    for about, headers in ((message(subject=wrong), {}), (message(), {"List-ID": wrong})):
        with pytest.raises(ValueError, match="linefeed"):
            composed(about, sender=SENDER, headers=headers)


def test_the_author_s_domain_signs() -> None:
    assert author_domain(SENDER, {}) == "tandem.test"
    assert author_domain(SENDER, {"From": "Tea <hello@Tea.Example>"}) == "tea.example"
