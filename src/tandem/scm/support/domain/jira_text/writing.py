"""Markdown to a document. A line break that somebody typed is a line break there.

https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

Node = dict[str, Any]

MARKS = {"strong": "strong", "em": "em", "s": "strike"}
LINK_SCHEMES = frozenset({"http", "https", "mailto", "tel"})


def document_of(markdown: str) -> Node:
    """Every text makes a valid document; blank text makes one without content."""
    tokens = _parser().parse(markdown.replace("\x00", ""))
    return {"type": "doc", "version": 1, "content": _blocks(tokens)}


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # 60 modules, for the first text that goes to Jira

    return MarkdownIt("commonmark", {"html": False}).enable("strikethrough").disable("image")


def _blocks(tokens: "Sequence[Token]") -> list[Node]:
    found: list[Node] = []
    place = 0
    while place < len(tokens):
        end = _end(tokens, place)
        found += _block(tokens[place], tokens[place + 1 : end])
        place = end + 1
    return found


def _end(tokens: "Sequence[Token]", start: int) -> int:
    """Where the block that opens at `start` closes; itself when it needs no closing."""
    if tokens[start].nesting == 0:
        return start
    depth = 0
    for place in range(start, len(tokens)):
        depth += tokens[place].nesting
        if depth == 0:
            return place
    raise AssertionError("the parser closes what it opens")


def _block(token: "Token", inner: "Sequence[Token]") -> list[Node]:
    match token.type:
        case "paragraph_open":
            return [{"type": "paragraph", "content": _inline(inner)}]
        case "heading_open":
            level = int(token.tag[1:])
            return [{"type": "heading", "attrs": {"level": level}, "content": _inline(inner)}]
        case "bullet_list_open":
            return [{"type": "bulletList", "content": _blocks(inner)}]
        case "ordered_list_open":
            order = int(token.attrs.get("start", 1))
            return [{"type": "orderedList", "attrs": {"order": order}, "content": _blocks(inner)}]
        case "list_item_open":
            return [{"type": "listItem", "content": _held(_blocks(inner), LIST_HOLDS)}]
        case "blockquote_open":
            return [{"type": "blockquote", "content": _held(_blocks(inner), QUOTE_HOLDS)}]
        case "fence" | "code_block":
            return [_code(token)]
        case "hr":
            return [{"type": "rule"}]
    raise AssertionError(f"the parser was not asked for {token.type}")


LIST_HOLDS = frozenset({"paragraph", "bulletList", "orderedList", "codeBlock"})
QUOTE_HOLDS = LIST_HOLDS


def _held(blocks: Sequence[Node], allowed: frozenset[str]) -> list[Node]:
    """What may not stand in a list or quote is laid flat: its words stay."""
    found: list[Node] = []
    for block in blocks:
        if block["type"] in allowed:
            found.append(block)
        elif block["type"] == "heading":
            found.append({"type": "paragraph", "content": block["content"]})
        elif block["type"] == "blockquote":
            found += block["content"]
    return found or [{"type": "paragraph", "content": []}]


def _code(token: "Token") -> Node:
    text = token.content.removesuffix("\n")
    node: Node = {"type": "codeBlock", "content": [{"type": "text", "text": text}] if text else []}
    if language := token.info.strip().split(" ")[0]:
        node["attrs"] = {"language": language}
    return node


def _inline(tokens: "Sequence[Token]") -> list[Node]:
    children = [child for token in tokens for child in token.children or ()]
    found: list[Node] = []
    marks: list[Node] = []
    for child in children:
        _add(found, marks, child)
    return _joined(found)


def _add(found: list[Node], marks: list[Node], token: "Token") -> None:
    kind = token.type
    if kind in {"softbreak", "hardbreak"}:
        found.append({"type": "hardBreak"})
    elif kind == "code_inline":
        links = [mark for mark in marks if mark["type"] == "link"]
        _add_text(found, token.content, [{"type": "code"}, *links])
    elif kind == "link_open":
        href = str(token.attrs["href"])
        is_safe = urlsplit(href).scheme.lower() in LINK_SCHEMES
        marks.append({"type": "link", "attrs": {"href": href}} if is_safe else {"type": ""})
    elif token.nesting == 1:
        marks.append({"type": MARKS[kind.removesuffix("_open")]})
    elif token.nesting == -1:
        marks.pop()
    else:
        _add_text(found, token.content, marks)


def _add_text(found: list[Node], text: str, marks: Sequence[Node]) -> None:
    """A mark counts once, however often it is opened."""
    if not text:
        return
    kept = {mark["type"]: mark for mark in marks if mark["type"]}
    node: Node = {"type": "text", "text": text}
    if kept:
        node["marks"] = [kept[kind] for kind in sorted(kept)]
    found.append(node)


def _joined(nodes: Sequence[Node]) -> list[Node]:
    """Neighbours with the same marks are one text."""
    found: list[Node] = []
    for node in nodes:
        before = found[-1] if found else None
        if (
            before is not None
            and before["type"] == node["type"] == "text"
            and before.get("marks") == node.get("marks")
        ):
            found[-1] = {**before, "text": before["text"] + node["text"]}
        else:
            found.append(node)
    return found
