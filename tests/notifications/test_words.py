"""The words themselves: every template renders, nothing given can break out of its place."""

import pytest
from jinja2 import UndefinedError

from tandem.crm.notifications.domain.messages import SITE, Channel
from tandem.crm.notifications.domain.templates import TEMPLATES, render
from tandem.crm.notifications.domain.texts import one_line, segments
from tests.notifications.givens import PARAMETERS

EVERY = [(name, channel) for name in TEMPLATES for channel in sorted(TEMPLATES[name].channels)]


@pytest.mark.parametrize(("template", "channel"), EVERY)
def test_every_template_renders_whole(template: str, channel: Channel) -> None:
    words = render(template, channel, PARAMETERS)
    assert "Nilgiri Teas" in words.text
    assert "{{" not in words.subject + words.text + words.html
    assert "None" not in words.text + words.html
    if channel is Channel.SMS:
        assert (words.subject, words.html) == ("", "")
        assert "\n" not in words.text
        assert segments(words.text) == 1
    else:
        assert words.subject
        assert "prefers-color-scheme: dark" in words.html


def test_a_parameter_nobody_gave_is_an_error_not_a_gap() -> None:
    given = {name: value for name, value in PARAMETERS.items() if name != "pay_link"}
    with pytest.raises(UndefinedError, match="pay_link"):
        render("order_placed", Channel.EMAIL, given)


def test_html_in_a_name_stays_text() -> None:
    words = render(
        "order_placed", Channel.EMAIL, PARAMETERS | {"name": "<script>alert(1)</script>"}
    )
    assert "<script>" not in words.html
    assert "&lt;script&gt;" in words.html


def test_a_template_in_a_name_is_not_run() -> None:
    words = render("order_placed", Channel.EMAIL, PARAMETERS | {"name": "{{ 7*7 }}"})
    assert "{{ 7*7 }}" in words.text
    assert "49" not in words.text


def test_a_header_cannot_be_smuggled_into_the_subject() -> None:
    words = render(
        "order_placed", Channel.EMAIL, PARAMETERS | {"order": "1\r\nBcc: all@example.test"}
    )
    assert words.subject == "Your order 1 Bcc: all@example.test: please pay ₹118.00"


def test_a_huge_value_is_cut() -> None:
    words = render("order_placed", Channel.SMS, PARAMETERS | {"company": "x" * 5_000_000})
    assert len(words.text) < 700
    assert "…" in words.text


def test_a_link_leads_into_this_installation_only() -> None:
    words = render("order_placed", Channel.EMAIL, PARAMETERS)
    assert f"{SITE}/pay/abc" in words.text
    with pytest.raises(AssertionError):
        render("order_placed", Channel.EMAIL, PARAMETERS | {"pay_link": "https://evil.example/pay"})


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("₹" * 70, 1),
        ("₹" * 71, 2),
        ("₹" * 134, 2),
        ("₹" * 135, 3),
        ("🚚" * 35, 1),
        ("🚚" * 36, 2),
    ],
)
def test_parts_are_counted_as_the_standard_table_does(body: str, parts: int) -> None:
    """GSM 03.38: 160 or 153 each, an extension character twice; UCS-2: 70 or 67."""
    assert segments(body) == parts


@pytest.mark.parametrize(
    ("value", "flat"),
    [
        ("a\r\nb", "a b"),
        ("a\u2028b", "a b"),
        ("a\x00b", "a b"),
        ("  a   b ", "a b"),
        ("x" * 11, "x" * 9 + "…"),
    ],
)
def test_a_value_is_one_printable_line(value: str, flat: str) -> None:
    assert one_line(value, 10) == flat
