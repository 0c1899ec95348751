"""Markdown and documents say the same: checked on examples and on whatever hypothesis invents."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.sandbox.jira.adf import check_document, plain_text
from tandem.scm.support.domain.jira_text import document_of, markdown_of


def doc(*content: dict[str, Any]) -> dict[str, Any]:
    return {"type": "doc", "version": 1, "content": list(content)}


def paragraph(*content: dict[str, Any]) -> dict[str, Any]:
    return {"type": "paragraph", "content": list(content)}


def text(words: str, *marks: str) -> dict[str, Any]:
    made = [
        {"type": kind, "attrs": {"href": "https://x.test/a"}} if kind == "link" else {"type": kind}
        for kind in sorted(marks)
    ]
    return {"type": "text", "text": words, **({"marks": made} if made else {})}


BREAK = {"type": "hardBreak"}


@pytest.mark.parametrize(
    ("markdown", "document"),
    [
        ("", doc()),
        ("Hello\nthere", doc(paragraph(text("Hello"), BREAK, text("there")))),
        ("**a** *b* ~~c~~", doc(paragraph(
            text("a", "strong"), text(" "), text("b", "em"), text(" "), text("c", "strike")
        ))),
        ("[a](<https://x.test/a>)", doc(paragraph(text("a", "link")))),
        ("`a*b`", doc(paragraph(text("a*b", "code")))),
        (r"1 \* 2 \_x\_", doc(paragraph(text("1 * 2 _x_")))),
        ("## Two", doc({"type": "heading", "attrs": {"level": 2}, "content": [text("Two")]})),
        (
            "```py\na\n\nb\n```",
            doc({"type": "codeBlock", "attrs": {"language": "py"}, "content": [text("a\n\nb")]}),
        ),
        ("---", doc({"type": "rule"})),
        (r"\# no heading", doc(paragraph(text("# no heading")))),
        (r"3\. no list", doc(paragraph(text("3. no list")))),
    ],
)  # fmt: skip
def test_the_same_is_said_both_ways(markdown: str, document: dict[str, Any]) -> None:
    assert document_of(markdown) == document
    assert markdown_of(document) == markdown


def test_what_markdown_cannot_say_keeps_its_words() -> None:
    strange = doc(
        paragraph({"type": "mention", "attrs": {"id": "1", "text": "@Meera"}}),
        {"type": "panel", "attrs": {"panelType": "info"}, "content": [paragraph(text("mind"))]},
        {"type": "table", "content": [{"type": "tableRow", "content": [
            {"type": "tableCell", "content": [paragraph(text("a"))]},
            {"type": "tableCell", "content": [paragraph(text("b"))]},
        ]}]},
        {"type": "unheard-of", "content": [paragraph(text("still"))]},
    )  # fmt: skip
    assert markdown_of(strange) == "@Meera\n\n> mind\n\na | b\n\nstill"
    assert markdown_of("wiki text") == "wiki text"
    assert markdown_of(None) == markdown_of({"content": 7}) == ""


def test_a_script_in_a_link_is_no_link() -> None:
    assert plain_text(document_of("[x](javascript:alert(1))")) == "[x](javascript:alert(1))"
    assert "link" not in str(document_of("[x](ftp://a)"))


WORD = st.text(alphabet="abz059*_`~[]()<>#+-.&\\!é।", min_size=1, max_size=8)
MARKED = st.sampled_from([(), ("strong",), ("em",), ("strike",), ("link",), ("em", "strong")])


@st.composite
def spans(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Words with marks, parted by blanks, as people write them."""
    found: list[dict[str, Any]] = []
    for place, word in enumerate(draw(st.lists(st.tuples(WORD, MARKED), min_size=1, max_size=4))):
        if place:
            found.append(text(" "))
        found.append(text(word[0], *word[1]))
    return found


PARAGRAPH = spans().map(lambda content: paragraph(*content))
ITEM = PARAGRAPH.map(lambda one: {"type": "listItem", "content": [one]})
BLOCK = st.one_of(
    PARAGRAPH,
    st.lists(ITEM, min_size=1, max_size=3).map(lambda c: {"type": "bulletList", "content": c}),
    st.lists(PARAGRAPH, min_size=1, max_size=2).map(lambda c: {"type": "blockquote", "content": c}),
    WORD.map(lambda word: {"type": "codeBlock", "content": [text(word)]}),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(BLOCK, min_size=1, max_size=3))
def test_every_word_survives_the_way_there_and_back(blocks: list[dict[str, Any]]) -> None:
    document = check_document("body", doc(*blocks))
    again = check_document("body", document_of(markdown_of(document)))
    assert plain_text(again).split() == plain_text(document).split()
    assert markdown_of(again) == markdown_of(document)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_whatever_somebody_types_becomes_a_valid_document_and_settles_at_once(typed: str) -> None:
    document = check_document("body", document_of(typed))
    settled = markdown_of(document)
    assert markdown_of(check_document("body", document_of(settled))) == settled
