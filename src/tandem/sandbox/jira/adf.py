"""The Atlassian Document Format, checked on the way in and shown as text on the way out.

The rules are those of the published `adf` full schema for the nodes a helpdesk meets: which node
may stand in which, which marks a text may carry together, no empty text.
"""

from collections.abc import Mapping
from typing import Any

from tandem.sandbox.jira.refusals import JiraRefusal

ITEM = frozenset(
    {"paragraph", "bulletList", "orderedList", "codeBlock", "mediaSingle", "taskList", "extension"}
)
QUOTE = (ITEM - {"taskList"}) | {"mediaGroup"}
TOP = (
    ITEM
    | {"heading", "blockquote", "rule", "panel", "table", "mediaGroup", "decisionList"}
    | {"expand", "blockCard", "embedCard"}
)
INLINE = frozenset(
    {"text", "hardBreak", "mention", "emoji", "inlineCard", "date", "status", "placeholder"}
    | {"mediaInline"}
)
CHILDREN: Mapping[str, frozenset[str]] = {
    "doc": TOP,
    "paragraph": INLINE,
    "heading": INLINE,
    "bulletList": frozenset({"listItem"}),
    "orderedList": frozenset({"listItem"}),
    "listItem": ITEM,
    "codeBlock": frozenset({"text"}),
    "blockquote": QUOTE,
    "panel": frozenset({"paragraph", "heading", "bulletList", "orderedList"}),
    "table": frozenset({"tableRow"}),
    "tableRow": frozenset({"tableCell", "tableHeader"}),
    "tableCell": TOP,
    "tableHeader": TOP,
    "expand": TOP,
}
NEVER_EMPTY = frozenset({"bulletList", "orderedList", "listItem", "blockquote", "table", "panel"})
MARKS = frozenset(
    {"strong", "em", "strike", "code", "link", "underline", "subsup", "textColor"}
    | {"backgroundColor", "annotation"}
)
WITH_CODE = frozenset({"code", "link", "annotation"})
DEPTH_MAX = 40


def check_document(field: str, given: Any) -> dict[str, Any]:
    """A document, or the vendor's refusal that blames the field."""
    is_document = (
        isinstance(given, dict) and given.get("type") == "doc" and given.get("version") == 1
    )
    if not is_document or not isinstance(given.get("content"), list):
        raise _refusal(
            field,
            "Operation value must be an Atlassian Document (see the Atlassian Document Format)",
        )
    _check_node(field, given, 0)
    document: dict[str, Any] = given
    return document


def text_document(text: str) -> dict[str, Any]:
    """Plain text as v2 takes it: an empty line parts paragraphs."""
    paragraphs = [part for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]
    return {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": _lines(part)} for part in paragraphs],
    }


def plain_text(node: Any) -> str:
    """What v2 and webhooks show of a document."""
    if not isinstance(node, dict):
        return ""
    match node.get("type"):
        case "text":
            return str(node["text"])
        case "hardBreak":
            return "\n"
        case "mention" | "emoji" | "status":
            return str(node.get("attrs", {}).get("text", ""))
        case "inlineCard":
            return str(node.get("attrs", {}).get("url", ""))
    parts = [plain_text(child) for child in node.get("content", [])]
    between = "" if node.get("type") in {"paragraph", "heading", "codeBlock"} else "\n\n"
    return between.join(parts)


def _lines(part: str) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = []
    for line in part.split("\n"):
        if content:
            content.append({"type": "hardBreak"})
        if line:
            content.append({"type": "text", "text": line})
    return content


def _check_node(field: str, node: Any, depth: int) -> None:
    if depth > DEPTH_MAX or not isinstance(node, dict) or not isinstance(node.get("type"), str):
        raise _refusal(field, "INVALID_INPUT")
    kind = node["type"]
    if kind == "text":
        return _check_text(field, node)
    _check_attributes(field, node)
    content = node.get("content", [])
    if not isinstance(content, list) or (kind in NEVER_EMPTY and not content):
        raise _refusal(field, f"INVALID_INPUT: {kind} has no content")
    for child in content:
        allowed = CHILDREN.get(kind)
        if allowed is not None and (
            not isinstance(child, dict) or child.get("type") not in allowed
        ):
            raise _refusal(field, f"INVALID_INPUT: {kind} cannot hold this")
        if kind == "codeBlock" and child.get("marks"):
            raise _refusal(field, "INVALID_INPUT: marks in a code block")
        _check_node(field, child, depth + 1)
    return None


def _check_text(field: str, node: dict[str, Any]) -> None:
    if (
        not isinstance(node.get("text"), str)
        or not node["text"]
        or node.keys() - {"type", "text", "marks"}
    ):
        raise _refusal(field, "INVALID_INPUT: empty text")
    marks = node.get("marks", [])
    kinds = {mark.get("type") for mark in marks if isinstance(mark, dict)}
    if len(kinds) != len(marks) or not kinds <= MARKS:
        raise _refusal(field, "INVALID_INPUT: unknown mark")
    if "code" in kinds and not kinds <= WITH_CODE:
        raise _refusal(field, "INVALID_INPUT: code stands with links only")
    for mark in marks:
        if mark["type"] == "link" and not isinstance(mark.get("attrs", {}).get("href"), str):
            raise _refusal(field, "INVALID_INPUT: a link without its address")


def _check_attributes(field: str, node: dict[str, Any]) -> None:
    attributes = node.get("attrs", {})
    if node.keys() - {"type", "content", "attrs", "marks", "version"} or not isinstance(
        attributes, dict
    ):
        raise _refusal(field, "INVALID_INPUT: unknown property")
    if node["type"] == "heading" and attributes.get("level") not in {1, 2, 3, 4, 5, 6}:
        raise _refusal(field, "INVALID_INPUT: heading level")
    if node["type"] == "mention" and not attributes.get("id"):
        raise _refusal(field, "INVALID_INPUT: mention without id")


def _refusal(field: str, words: str) -> JiraRefusal:
    return JiraRefusal(errors={field: words})
