"""A letter's blocks as fields of a form, and back. Each block has a mark of its own in the names
of its fields (`blk.3.text`, inside columns `blk.3.left.0.text`); their order is the form's."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tandem.crm.notifications.domain.blocks import AnyBlock, Columns, SimpleBlock, Theme

PREFIX = "blk."
THEME = "theme."
SIDES = ("left", "right")
MAYBE = frozenset({"width", "button_text"})
"""What is null where it is left empty."""

NAMES: Mapping[str, tuple[str, str]] = {
    "heading": ("Heading", "heading"),
    "text": ("Text", "align-left"),
    "button": ("Button", "hand-click"),
    "image": ("Picture", "photo"),
    "divider": ("Line", "separator"),
    "spacer": ("Space", "spacing-vertical"),
    "columns": ("Two columns", "layout-columns"),
    "part": ("Shared part", "puzzle"),
}
"""What a writer calls each kind, and its picture."""


def is_of_blocks(form: Mapping[str, str]) -> bool:
    return form.get("format") == "blocks"


def read(form: Mapping[str, str]) -> list[dict[str, Any]]:
    """Blocks as they stand in the form, unread values and all; `at` begins the names of each."""
    found: dict[str, dict[str, Any]] = {}
    for name, value in form.items():
        if name.startswith(PREFIX):
            mark, _, field = name.removeprefix(PREFIX).partition(".")
            block = found.setdefault(mark, {"at": f"{PREFIX}{mark}", "left": {}, "right": {}})
            side, _, inner = field.partition(".")
            if side in SIDES:
                inner_mark, _, inner_field = inner.partition(".")
                at = f"{PREFIX}{mark}.{side}.{inner_mark}"
                block[side].setdefault(inner_mark, {"at": at})[inner_field] = value
            else:
                block[field] = value
    return [
        {**block, **{side: list(block[side].values()) for side in SIDES}}
        for block in found.values()
    ]


def values(form: Mapping[str, str]) -> dict[str, Any]:
    """`blocks` and `theme` as the API takes them, numbers still as they were typed."""
    theme = {
        name.removeprefix(THEME): value for name, value in form.items() if name.startswith(THEME)
    }
    return {"blocks": [_value(one) for one in read(form)], "theme": _nothing(theme)}


def fields(blocks: Sequence[AnyBlock], theme: Theme | None) -> dict[str, str]:
    written: dict[str, str] = {}
    for mark, block in enumerate(blocks):
        at = f"{PREFIX}{mark}"
        written |= _fields(at, block)
        if isinstance(block, Columns):
            for side in SIDES:
                for inner_mark, inner in enumerate(getattr(block, side)):
                    written |= _fields(f"{at}.{side}.{inner_mark}", inner)
    shown = msgspec.to_builtins(theme or Theme())
    return written | {f"{THEME}{name}": _typed(value) for name, value in shown.items()}


def _value(block: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in block.items() if name not in ("at", *SIDES)}
    if kept.get("kind") == "columns":
        kept |= {side: [_value(inner) for inner in block[side]] for side in SIDES}
    return _nothing(kept)


def _nothing(written: dict[str, Any]) -> dict[str, Any]:
    return {
        name: None if name in MAYBE and value == "" else value for name, value in written.items()
    }


def _fields(at: str, block: AnyBlock | SimpleBlock) -> dict[str, str]:
    held = msgspec.to_builtins(block)
    return {f"{at}.{name}": _typed(held[name]) for name in held if name not in SIDES}


def _typed(value: object) -> str:
    return "" if value is None else str(value)


def shown(form: Mapping[str, str]) -> list[dict[str, Any]]:
    """For the page: every block with each of its fields, filled in or not."""
    blocks = [{**BLANK, **one} for one in read(form)]
    for one in blocks:
        one |= {side: [{**BLANK, **inner} for inner in one[side]] for side in SIDES}
    return blocks


def first_letter(*, is_part: bool) -> list[AnyBlock]:
    """What a new letter begins with; of a part, its last words only."""
    return msgspec.convert(FIRST_BLOCKS[-1:] if is_part else FIRST_BLOCKS, list[AnyBlock])


BLANK: Mapping[str, Any] = {
    "kind": "",
    "text": "",
    "size": "",
    "align": "",
    "label": "",
    "link": "",
    "address": "",
    "alt": "",
    "width": "",
    "height": "",
    "part": "",
    "left": [],
    "right": [],
}
STARTS: Mapping[str, Mapping[str, Any]] = {
    kind: {**BLANK, "kind": kind, "height": "24" if kind == "spacer" else ""} for kind in NAMES
}
FIRST_BLOCKS: list[dict[str, Any]] = [
    {"kind": "heading", "text": "Hello {{ customer.first_name }}"},
    {"kind": "text", "text": "What would you like to say?"},
    {"kind": "button", "label": "Show me", "link": "https://example.com"},
    {"kind": "divider"},
    {
        "kind": "text",
        "text": "{{ company }} · [Unsubscribe]({{ unsubscribe_link }})",
        "size": "small",
    },
]
