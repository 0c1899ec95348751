"""Letters put together of blocks: what each block becomes, and that nothing breaks out of it."""

from typing import Any

import msgspec
import pytest

from tandem.crm.notifications.domain import block_letters, rendering, sandbox
from tandem.crm.notifications.domain.blocks import Blocks, Theme, contrast
from tandem.crm.notifications.domain.plain import plain_text
from tandem.crm.notifications.domain.template_versions import Content

COMPANY = {"kind": "heading", "text": "{{ company }}"}


def letter(*blocks: dict[str, Any], **theme: Any) -> Content:
    made = msgspec.convert(list(blocks), Blocks)
    return Content(subject="Tea", source="", blocks=made, theme=Theme(**theme))


def html_of(*blocks: dict[str, Any], **theme: Any) -> str:
    content = block_letters.check(letter(*blocks, **theme), "email")
    assert rendering.examine(content, "email") == []
    return rendering.compiled(content).html


@pytest.mark.parametrize(
    ("block", "holds"),
    [
        (
            {"kind": "heading", "text": 'Tea & "rain" <b>'},
            ["<h1", "Tea &amp; &quot;rain&quot; &lt;b&gt;"],
        ),
        ({"kind": "heading", "text": "{{ name }}", "size": "small"}, ["<h2", ">{{ name }}</h2>"]),
        (
            {"kind": "text", "text": "**Bold** *it*\nnext\n\n- one"},
            ["<strong>Bold</strong> <em>it</em><br", "<li>one</li>"],
        ),
        (
            {"kind": "text", "text": "[Pay]({{ view_link }})"},
            ['href="{{ view_link }}"', ">Pay</a>"],
        ),
        (
            {"kind": "text", "text": "{% if name %}Hi {{ name }}{% endif %}"},
            ["{% if name %}Hi {{ name }}{% endif %}"],
        ),
        (
            {"kind": "text", "text": "</mj-text><script>alert(1)</script>"},
            ["&lt;/mj-text&gt;&lt;script&gt;"],
        ),
        ({"kind": "text", "text": "Total = {{ name }}"}, ["Total = {{ name }}"]),
        ({"kind": "text", "text": "[x](javascript:alert(1))"}, ["[x](javascript:alert(1))"]),
        (
            {"kind": "button", "label": "</mj-button>", "link": "https://a.test/?x=1&y=2"},
            ["&lt;/mj-button&gt;", 'href="https://a.test/?x=1&amp;y=2"', "#0b5e8e"],
        ),
        (
            {"kind": "button", "label": "Go", "link": 'https://a.test/"><img>'},
            ['href="https://a.test/&quot;&gt;&lt;img&gt;"'],
        ),
        (
            {
                "kind": "image",
                "address": "https://a.test/t.png",
                "alt": 'A "tea" > <all>',
                "width": 200,
            },
            [
                'src="https://a.test/t.png"',
                'width="200"',
                'alt="A &quot;tea&quot; &gt; &lt;all&gt;"',
            ],
        ),
        ({"kind": "divider"}, ["border-top:solid 1px #d9dfe6"]),
        ({"kind": "spacer", "height": 40}, ["height:40px"]),
        (
            {"kind": "columns", "left": [COMPANY], "right": [{"kind": "divider"}]},
            ["mj-column-per-50", "{{ company }}"],
        ),
    ],
)
def test_each_block_becomes_what_it_says_and_stays_in_its_place(
    block: dict[str, Any], holds: list[str]
) -> None:
    html = html_of(COMPANY, block, COMPANY)
    assert [one for one in holds if one not in html] == []
    assert html.count("{{ company }}") == 2 + (block["kind"] == "columns")


BUTTON = {"kind": "button", "label": "Go", "link": "https://a.test"}


@pytest.mark.parametrize(
    ("block", "field"),
    [
        ({**BUTTON, "link": "javascript:alert(1)"}, "blocks[1].link"),
        ({**BUTTON, "link": "https://a.test/ x"}, "blocks[1].link"),
        ({**BUTTON, "link": "/orders"}, "blocks[1].link"),
        ({**BUTTON, "label": " "}, "blocks[1].label"),
        ({**BUTTON, "label": "{{ name"}, "blocks[1].label"),
        ({"kind": "text", "text": "{% if name %}Hi"}, "blocks[1].text"),
        ({"kind": "text", "text": '{% include "footer" %}'}, "blocks[1].text"),
        ({"kind": "text", "text": "{{ name.__class__ }}"}, "blocks[1].text"),
        ({"kind": "text", "text": "Tea {% raw %}"}, "blocks[1].text"),
        ({"kind": "text", "text": '{%- extends "layout.html" %}'}, "blocks[1].text"),
        ({"kind": "image", "address": "data:text/html,x", "alt": "Tea"}, "blocks[1].address"),
        ({"kind": "image", "address": "https://a.test/t.png", "alt": ""}, "blocks[1].alt"),
        ({"kind": "part", "part": ""}, "blocks[1].part"),
        (
            {"kind": "columns", "left": [], "right": [COMPANY, {**BUTTON, "link": ""}]},
            "blocks[1].right[1].link",
        ),
    ],
)
def test_a_block_that_cannot_be_is_named_and_harms_no_look_at_the_rest(
    block: dict[str, Any], field: str
) -> None:
    content = letter(COMPANY, block)
    assert [one for one, _ in block_letters.faults(content, "email")] == [field]
    assert block_letters.told(content, "email")[0].startswith("Block 2")
    shown = rendering.compiled(block_letters.laid_out(content, "email"))
    assert shown.problems == []
    assert "javascript:" not in shown.html
    assert sandbox.read(shown.html).problems == []


def test_a_letter_of_blocks_is_no_longer_than_any_other() -> None:
    long = letter(*[{"kind": "text", "text": "tea " * 2_500}] * 20)
    (fault,) = block_letters.faults(long, "email")
    assert fault == ("blocks", "A letter has 200,000 characters at most.")


def test_what_stands_on_a_button_can_be_read() -> None:
    assert round(contrast("#ffffff", "#767676"), 2) == 4.54
    assert Theme(accent="#ffd400").on_accent == "#000000"
    assert "color:#000000" in html_of(BUTTON, accent="#ffd400").replace(" ", "")
    pale = letter(BUTTON, accent="#ffd400", button_text="#ffffff")
    ((field, said),) = block_letters.faults(pale, "email")
    assert field == "theme.button_text"
    assert "1.4 to 1" in said
    for accent in (f"#{grey:02x}{grey:02x}{grey:02x}" for grey in range(256)):
        assert contrast(Theme(accent=accent).on_accent, accent) >= 4.5, accent


def test_the_plain_part_has_the_words_and_where_the_links_lead() -> None:
    html = html_of({"kind": "text", "text": "See [teas](https://a.test/t)."}, BUTTON)
    assert plain_text(html) == "See teas: https://a.test/t.\n\nGo: https://a.test\n"
