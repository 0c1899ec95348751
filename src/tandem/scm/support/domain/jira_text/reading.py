"""A document to Markdown. What Markdown cannot say keeps its words and loses its looks."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from tandem.scm.support.domain.jira_text.writing import Node

DEPTH_MAX = 40
SPECIAL = re.compile(r"([\\`*_\[\]<>~&])")
LINE_START = re.compile(r"^(\s*)(#{1,6}(?=\s|$)|[-+](?=\s|$)|={1,}\s*$|-{2,}\s*$|>)")
NUMBERED = re.compile(r"^(\s*\d{1,9})([.)])(?=\s|$)")
NOT_A_NAME = re.compile(r"[^\w+#.-]")
NOT_IN_LINKS = re.compile(r"[<>\s]")
LISTS = frozenset({"bulletList", "orderedList"})
AROUND = {"strong": "**", "em": "*", "strike": "~~"}


def markdown_of(document: Any) -> str:
    """Accepts whatever Jira sends, text of old versions too; never raises over its shape."""
    if isinstance(document, str):
        return document.strip()
    if not isinstance(document, dict):
        return ""
    return "\n\n".join(_blocks(document.get("content"), 0)).strip()


def _blocks(nodes: Any, depth: int) -> list[str]:
    if not isinstance(nodes, list) or depth > DEPTH_MAX:
        return []
    found: list[str] = []
    before: Any = None
    is_other = False
    for node in _nodes(nodes):
        # Two lists in a row would read as one, but for another marker.
        is_other = node.get("type") in LISTS and node.get("type") == before and not is_other
        if text := _block(node, depth, is_other=is_other):
            found.append(text)
            before = node.get("type")
    return found


def _block(node: Node, depth: int, *, is_other: bool = False) -> str:
    content = node.get("content")
    attributes = node.get("attrs") or {}
    match node.get("type"):
        case "paragraph":
            return _line_starts(_inline(content))
        case "heading":
            words = _inline(content).replace("\n", " ")
            return f"{'#' * int(attributes.get('level', 1))} {words}" if words else ""
        case "bulletList":
            return _list(content, depth, lambda place: "* " if is_other else "- ")
        case "orderedList":
            start, mark = int(attributes.get("order", 1)), ")" if is_other else "."
            return _list(content, depth, lambda place: f"{start + place}{mark} ")
        case "codeBlock":
            return _code(content, str(attributes.get("language") or ""))
        case "blockquote" | "panel":
            return _indented("\n\n".join(_blocks(content, depth + 1)), "> ", "> ")
        case "rule":
            return "---"
        case "table":
            return "\n".join(_row(row, depth) for row in _nodes(content))
        case "taskList" | "decisionList":
            return "\n".join(f"- {_inline(one.get('content'))}" for one in _nodes(content))
        case "mediaSingle" | "mediaGroup":
            return "(file)"
        case "blockCard" | "embedCard":
            return _address(attributes)
    return "\n\n".join(_blocks(content, depth + 1)) or _inline([node])


def _list(items: Any, depth: int, head_of: Callable[[int], str]) -> str:
    found = []
    for place, item in enumerate(_nodes(items)):
        head = head_of(place)
        body = "\n\n".join(_blocks(item.get("content"), depth + 1))
        found.append(_indented(body, head, " " * len(head)))
    return "\n".join(found)


def _code(content: Any, language: str) -> str:
    text = "".join(str(node.get("text", "")) for node in _nodes(content))
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{NOT_A_NAME.sub('', language)}\n{text}\n{fence}"


def _row(row: Node, depth: int) -> str:
    cells = (
        " ".join(_blocks(cell.get("content"), depth + 1)) for cell in _nodes(row.get("content"))
    )
    return " | ".join(cells)


def _inline(nodes: Any) -> str:
    return "".join(_span(node) for node in _nodes(nodes)).strip()


def _span(node: Node) -> str:
    attributes = node.get("attrs") or {}
    match node.get("type"):
        case "text":
            return _marked(str(node.get("text", "")), _nodes(node.get("marks")))
        case "hardBreak":
            return "\n"
        case "mention" | "emoji" | "status" | "placeholder":
            return _escaped(str(attributes.get("text") or attributes.get("shortName") or ""))
        case "inlineCard":
            return _address(attributes)
        case "date":
            return _day(attributes.get("timestamp"))
        case "mediaInline":
            return "(file)"
    return "".join(_span(child) for child in _nodes(node.get("content")))


def _marked(text: str, marks: Sequence[Node]) -> str:
    """Blanks at the ends stand outside of the marks: inside, Markdown would not see them."""
    words = text.strip()
    kinds = {str(mark.get("type")): mark for mark in marks}
    if not words:
        return text
    before, after = text[: text.index(words)], text[text.index(words) + len(words) :]
    if "code" in kinds:
        said = _code_span(words)
    else:
        said = _escaped(words)
        for kind in ("strike", "em", "strong"):
            if kind in kinds:
                said = f"{AROUND[kind]}{said}{AROUND[kind]}"
    if "link" in kinds:
        href = str((kinds["link"].get("attrs") or {}).get("href", ""))
        said = f"[{said}](<{NOT_IN_LINKS.sub('', href)}>)"
    return f"{before}{said}{after}"


def _code_span(text: str) -> str:
    text = text.replace("\n", " ")
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _escaped(text: str) -> str:
    return SPECIAL.sub(r"\\\1", text)


def _line_starts(text: str) -> str:
    """A line that only looks like a heading, list or rule is escaped."""
    lines = [LINE_START.sub(r"\1\\\2", line.strip()) for line in text.split("\n")]
    return "\n".join(NUMBERED.sub(r"\1\\\2", line) for line in lines)


def _indented(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    return "\n".join([first + lines[0], *((rest + line).rstrip() for line in lines[1:])])


def _nodes(found: Any) -> list[Node]:
    return [node for node in found if isinstance(node, dict)] if isinstance(found, list) else []


def _address(attributes: Node) -> str:
    return NOT_IN_LINKS.sub("", str(attributes.get("url", "")))


def _day(timestamp: Any) -> str:
    try:
        return datetime.fromtimestamp(int(timestamp) / 1000, UTC).date().isoformat()
    except (TypeError, ValueError, OverflowError, OSError):
        return ""
