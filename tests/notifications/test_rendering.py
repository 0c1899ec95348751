"""Words that a company writes: what they may do, what they never may, what becomes of values."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tandem.crm.notifications.domain import rendering, sandbox
from tandem.crm.notifications.domain.messages import SITE
from tandem.crm.notifications.domain.plain import plain_text
from tandem.crm.notifications.domain.template_versions import (
    Content,
    Format,
    Medium,
    ParameterWrong,
    Rendered,
    State,
    TemplateVersion,
    TemplateWrong,
    Variable,
    locale_chain,
)

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
LINK = Variable(name="link", kind="link", example="/track/x")
WELCOME = """
<mjml><mj-head><mj-preview>Hello</mj-preview></mj-head><mj-body>
  {% if customer.city %}
  <mj-section><mj-column>
    <mj-text>Hi {{ customer.first_name }} of {{ customer.city }} &amp; all</mj-text>
    <mj-button href="{{ link }}">See</mj-button></mj-column></mj-section>
  {% endif %}
  {% for line in lines %}<mj-section><mj-column>
    <mj-text>{{ loop.index }}. {{ line.name }}</mj-text></mj-column></mj-section>{% endfor %}
</mj-body></mjml>
"""


def version(content: Content, channel: Medium = "email", locale: str = "en-IN") -> TemplateVersion:
    letter = rendering.compiled(content)
    return TemplateVersion(
        id=UUID(int=1),
        template_id=UUID(int=2),
        key="welcome",
        channel=channel,
        locale=locale,
        number=1,
        state=State.PUBLISHED,
        html=letter.html,
        sha256="",
        version=1,
        created_by="",
        created_at=AT,
        updated_at=AT,
        published_at=AT,
        archived_at=None,
        **{name: getattr(content, name) for name in Content.__struct_fields__},
    )


def html(source: str, *variables: Variable, subject: str = "Hello", **more: Any) -> Content:
    return Content(format="html", subject=subject, source=source, variables=list(variables), **more)


def sms(source: str, *variables: Variable) -> Content:
    return Content(format="text", source=source, variables=list(variables))


def test_mjml_becomes_a_letter_with_its_plain_part_and_asks_no_third_party() -> None:
    content = Content(
        format="mjml",
        subject="For {{ customer.first_name }}",
        preheader="A cup for {{ customer.first_name }} & friends",
        source=WELCOME,
        variables=[LINK, Variable(name="lines", kind="list")],
    )
    rendering.check_publishable(content, "email")
    rendered = rendering.render(
        version(content),
        {
            "customer": {"first_name": "Asha", "city": "Coonoor"},
            "link": "/track/1",
            "lines": [{"name": "Assam <1 kg>"}, {"name": "Darjeeling"}],
        },
    )
    assert rendered.subject == "For Asha"
    assert "Hi Asha of Coonoor &amp; all" in rendered.html
    assert f'href="{SITE}/track/1"' in rendered.html
    assert "1. Assam &lt;1 kg&gt;" in rendered.html
    assert "A cup for Asha &amp; friends" in rendered.html
    assert "googleapis" not in rendered.html
    assert rendered.text == (
        f"Hi Asha of Coonoor & all\n\nSee: {SITE}/track/1\n\n1. Assam <1 kg>\n\n2. Darjeeling\n"
    )


OPENED = "<mjml><mj-body><mj-section><mj-column>"
CLOSED = "</mj-column></mj-section></mj-body></mjml>"
ESCAPES = [
    "{{ ''.__class__.__mro__ }}",
    "{{ name.__class__ }}",
    "{{ name['__class__'] }}",
    "{{ name | attr('__class__') }}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ config }}{{ range(3) }}",
    "{% for i in range(10**9) %}x{% endfor %}",
    "{{ 'x' * 10**9 }}",
    "{% set x = 'a' %}{{ x }}",
    "{% include '/etc/passwd' %}",
    "{% import 'layout.html' as l %}",
    "{% extends name %}",
    "{% from 'parts.html' import button as b %}",
    "{% macro a() %}{{ a() }}{% endmacro %}",
    "{% for a in name recursive %}{{ loop(a) }}{% endfor %}",
    "{{ name | replace('', 'xx') }}",
    "{% if name %}",
    "{{ " + "(" * 300 + "name" + ")" * 300 + " }}",
    "{% if name %}" * 40 + "{% endif %}" * 40,
    "{{ " + " ~ ".join(["name"] * 300) + " }}",
]


@pytest.mark.parametrize("source", ESCAPES)
def test_a_template_that_wants_more_than_its_variables_is_refused(source: str) -> None:
    with pytest.raises(TemplateWrong):
        rendering.check_publishable(html(f"<p>{source}</p>"), "email")
    with pytest.raises(ParameterWrong):
        # Even where such words got past the door, they are not run.
        rendering.render(version(sms(source)), {"name": "Asha"})


@pytest.mark.parametrize(
    "source",
    [
        '<mj-include path="/etc/passwd" />',
        '<mj-include path="file:///etc/passwd" type="html" />',
        '<mj-image src="file:///etc/passwd" />',
        '<mj-raw><iframe src="https://x.test"></iframe></mj-raw>',
        "<mj-nonsense />",
        "<mj-text>left open",
        "<mj-wrapper>" * 3_000 + "</mj-wrapper>" * 3_000,
        "<mj-wrapper>" * 200 + "</mj-wrapper>" * 200,
        '<mj-raw><style>@import "https://x.test";</style></mj-raw>',
    ],
)
def test_mjml_reads_no_file_follows_no_include_and_has_an_end(source: str) -> None:
    content = Content(
        format="mjml",
        subject="Hello",
        source=f"{OPENED}{source}{CLOSED}",
    )
    with pytest.raises(TemplateWrong):
        rendering.check_publishable(content, "email")
    assert "root:" not in rendering.compiled(content).html


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        '<p onclick="x()">Hi</p>',
        '<a href="javascript:alert(1)">x</a>',
        '<a href=" java&#115;cript:alert(1)">x</a>',
        '<img src="file:///etc/passwd">',
        f'<img src="data:image/png;base64,{"A" * 40_000}">',
        '<img src="data:text/html,<b>">',
        "<p title={{ name }}>x</p>",
        '<p style="color:{{ name }}">x</p>',
        "<style>p { color: {{ name }} }</style>",
        '<a href="{{ name }}">x</a>',
        "<p {% if name %}hidden{% endif %}>x</p>",
        '<form action="https://x.test"></form>',
        "<p>{{ nobody_knows }}</p>",
        '<mjml><mj-body><mj-include path="/etc/passwd" /></mj-body></mjml>',
        '<meta http-equiv="refresh" content="0;url=https://x.test">',
    ],
)
def test_html_that_could_do_harm_is_refused(source: str) -> None:
    with pytest.raises(TemplateWrong) as refused:
        rendering.check_publishable(html(source), "email")
    assert refused.value.facts["problems"]


def test_every_component_of_a_letter_in_mjml_is_understood() -> None:
    body = """
      <mj-hero mode="fluid-height" background-url="https://x.test/b.png"><mj-text>Hero</mj-text>
      </mj-hero>
      <mj-wrapper><mj-section><mj-column>
        <mj-navbar><mj-navbar-link href="https://x.test/a">Teas</mj-navbar-link></mj-navbar>
        <mj-social><mj-social-element src="https://x.test/f.png" href="https://x.test/f">Us
        </mj-social-element></mj-social>
        <mj-accordion><mj-accordion-element><mj-accordion-title>Why</mj-accordion-title>
        <mj-accordion-text>Because</mj-accordion-text></mj-accordion-element></mj-accordion>
        <mj-carousel><mj-carousel-image src="https://x.test/1.png" /></mj-carousel>
        <mj-table><tr><td>1</td></tr></mj-table><mj-divider /><mj-spacer height="10px" />
        <mj-button href="https://x.test">Buy</mj-button>
      </mj-column></mj-section></mj-wrapper><mj-raw><p>As it is</p></mj-raw>"""
    made = rendering.compiled(
        Content(format="mjml", subject="x", source=f"<mjml><mj-body>{body}</mj-body></mjml>")
    )
    assert made.problems == []
    words = ("Hero", "Teas", "Us", "Why", "Because", "Buy", "As it is", "https://x.test/b.png")
    assert [word for word in words if word not in made.html] == []


@pytest.mark.parametrize(
    "style",
    ["url(http://x.test/a)", "url( 'file:///etc/passwd')", "url(&quot;data:text/html,x&quot;)"],
)
def test_a_style_may_ask_for_pictures_by_https_alone(style: str) -> None:
    rendering.check_publishable(
        html("<p style=\"background:url('https://x.test/a')\">x</p>"), "email"
    )
    with pytest.raises(TemplateWrong):
        rendering.check_publishable(html(f'<p style="background:{style}">x</p>'), "email")


@pytest.mark.parametrize(
    "source",
    ["<mj-text>चाय ₹5 🎂 zu41uz</mj-text>", "🎂>", '<mj-text padding="é>🎂</mj-text>', "é'>"],
)
def test_any_script_is_compiled_or_refused_and_nothing_panics(source: str) -> None:
    """The compiler of today panics where a broken place holds a wide character."""
    made = rendering.compiled(
        Content(format="mjml", subject="x", source=f"{OPENED}{source}{CLOSED}")
    )
    assert made.problems or "zu" not in made.html
    if "चाय" in source:
        assert "चाय ₹5 🎂 " in made.html


def test_ten_megabytes_of_picture_are_no_template() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"source": "x" * 10_000_000}, Content)


NASTY = {
    "name": "<b>{{7*7}}</b>\"'\r\nBcc: all@example.test",
    "note": "one\r\ntwo\u202e three 🎂",
}


def test_values_stay_what_they_are_in_every_place() -> None:
    content = html(
        '<p title="{{ name }}">{{ name }}</p><a href="{{ link }}">x</a><p>{{ note }}</p>',
        LINK,
        Variable(name="note", kind="paragraph"),
        subject="Hi {{ name }}\n",
        text="{{ name }} {{ note }}",
    )
    rendering.check_publishable(content, "email")
    rendered = rendering.render(version(content), NASTY | {"link": "https://x.test/?a=1&b=2"})
    assert rendered.subject == "Hi <b>{{7*7}}</b>\"' Bcc: all@example.test"
    shown = "&lt;b&gt;{{7*7}}&lt;/b&gt;&#34;&#39; Bcc: all@example.test"
    assert f'<p title="{shown}">{shown}</p>' in rendered.html
    assert 'href="https://x.test/?a=1&amp;b=2"' in rendered.html
    assert "one\ntwo three 🎂" in rendered.html
    assert rendered.text == "<b>{{7*7}}</b>\"' Bcc: all@example.test one\ntwo three 🎂\n"


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "//evil.test", "data:text/html,x", "https://a b", "x", "file:///x"],
)
def test_a_link_that_is_none_is_refused(link: str) -> None:
    content = html('<a href="{{ link }}">x</a>', LINK)
    with pytest.raises(ParameterWrong, match="no link"):
        rendering.render(version(content), {"link": link})


def test_html_in_a_text_message_is_text_and_huge_values_are_cut() -> None:
    words = version(sms("{{ company }}: {{ name }}"), "sms")
    rendered = rendering.render(words, {"company": "Nilgiri", "name": "<b>é</b> हिन्दी 🎂"})
    assert rendered == Rendered(subject="", text="Nilgiri: <b>é</b> हिन्दी 🎂", html="")
    huge = rendering.render(words, {"company": "x" * 5_000_000, "name": "y"})
    assert len(huge.text) == 503
    assert huge.text.endswith("…: y")


def test_loops_and_output_have_an_end() -> None:
    rows = [{"name": "x"}] * 200
    twice = "{% for a in rows %}{% for b in rows %}{{ b.name }}{% endfor %}{% endfor %}"
    with pytest.raises(ParameterWrong, match="too often"):
        rendering.render(version(sms(twice, Variable(name="rows", kind="list"))), {"rows": rows})
    long = "{{ note }}" * 2_900
    with pytest.raises(ParameterWrong, match="bounds"):
        rendering.render(
            version(sms(long, Variable(name="note", kind="paragraph"))), {"note": "y" * 10_000}
        )


def test_defaults_stand_in_and_what_is_required_is_asked_for() -> None:
    content = sms(
        "Hi {{ customer.first_name }}{{ suffix }} {{ code }} {{ rows.0.none.there }}",
        Variable(name="code", is_required=True),
        Variable(name="suffix", default="!"),
        Variable(name="rows", kind="list"),
    )
    words = version(content, "sms")
    rendered = rendering.render(words, {"code": "42", "customer": {"first_name": ""}})
    assert rendered.text == "Hi there! 42"
    with pytest.raises(ParameterWrong, match="'code' is needed"):
        rendering.render(words, {})


def test_an_undeclared_variable_is_named_before_anybody_gets_the_words() -> None:
    content = html("<p>{{ voucher }} {{ customer.shoes }} {{ name }}</p>", subject="{{ offer }}")
    assert rendering.missing(content) == ["customer.shoes", "offer", "voucher"]
    with pytest.raises(TemplateWrong) as refused:
        rendering.check_publishable(content, "email")
    assert "'voucher' is used but not declared." in refused.value.facts["problems"]


def test_our_own_layout_can_be_used_and_knows_what_it_needs() -> None:
    source = (
        '{% extends "layout.html" %}{% from "parts.html" import button, facts %}'
        "{% block heading %}Hi{% endblock %}{% block content %}"
        '{{ facts([("Order", order)]) }}{% endblock %}'
        '{% block action %}{{ button(link, "Go") }}{% endblock %}'
    )
    assert rendering.missing(html(source)) == ["link", "order"]
    content = html(source, LINK, Variable(name="order"), preheader="Soon with {{ name }}")
    rendering.check_publishable(content, "email")
    rendered = rendering.render(
        version(content), {"order": "SO-1 <", "link": "/x", "company": "Nilgiri"}
    )
    assert "SO-1 &lt;" in rendered.html
    assert "Soon with there" in rendered.html
    assert "<title>Hello</title>" in rendered.html


@pytest.mark.parametrize(
    ("locale", "chain"),
    [
        ("hi-IN", ["hi-IN", "hi", "en-IN", "en"]),
        ("en-IN", ["en-IN", "en"]),
        ("en", ["en", "en-IN"]),
        ("ta_in", ["ta-IN", "ta", "en-IN", "en"]),
        ("../x", ["en-IN", "en"]),
        ("", ["en-IN", "en"]),
    ],
)
def test_a_language_nobody_wrote_falls_back(locale: str, chain: list[str]) -> None:
    assert locale_chain(locale) == chain


def test_the_plain_part_says_what_the_letter_shows() -> None:
    letter = (
        "<html><head><title>x</title><style>p{}</style></head><body><div style='display:none'>pre"
        "</div><h1>Hi&nbsp;Asha</h1><p>One<br>two <a href='https://x.test'>there</a></p>"
        "<ul><li>a</li><li>b</li></ul><table><tr><td>Tea</td><td>₹5</td></tr></table>"
        "<a href='https://y.test'>https://y.test</a><img alt='Logo'></body></html>"
    )
    assert plain_text(letter) == (
        "Hi Asha\n\nOne\ntwo there: https://x.test\n\n- a\n- b\n\nTea ₹5\n\nhttps://y.testLogo\n"
    )


def test_reading_names_what_is_needed_and_not_what_the_loop_brings() -> None:
    found = sandbox.read("{% for a in rows %}{{ a.x }}{{ loop.index }}{% endfor %}{{ b.c.d }}")
    assert (found.problems, found.names) == ([], frozenset({"rows", "b.c"}))


def test_every_format_belongs_to_its_channel() -> None:
    formats: list[tuple[Format, str]] = [("text", "email"), ("html", "sms"), ("mjml", "whatsapp")]
    for made, channel in formats:
        content = Content(format=made, subject="x", source="<mjml><mj-body></mj-body></mjml>")
        assert f"{made} is no format for {channel}." in rendering.examine(content, channel)
