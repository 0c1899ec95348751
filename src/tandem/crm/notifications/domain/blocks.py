"""A letter put together of blocks: what its writer chooses, without writing markup.

Blocks are compiled to MJML (`block_letters`); from there on they are a letter like any other.
"""

from typing import Annotated, Literal

import msgspec

from tandem.contracts.address import PRINTABLE
from tandem.kernel.patterns import whole

BLOCKS_MAX = 100
"""Counted with those inside columns: what the compiler's 1,500 tags leave room for."""
COLUMN_MAX = 20
CONTRAST_MIN = 4.5
"""WCAG 2.2, 1.4.3 (AA): text against what it stands on."""
WHITE, BLACK, INK = "#ffffff", "#000000", "#16202c"

Colour = Annotated[str, msgspec.Meta(pattern=whole("#[0-9a-fA-F]{6}"))]
Sentence = Annotated[str, msgspec.Meta(max_length=300, pattern=PRINTABLE)]
Label = Annotated[str, msgspec.Meta(max_length=100, pattern=PRINTABLE)]
Paragraphs = Annotated[str, msgspec.Meta(max_length=10_000, pattern=r"^[^\x00]*$")]
Address = Annotated[str, msgspec.Meta(max_length=2_000, pattern=PRINTABLE)]
PartKey = Annotated[str, msgspec.Meta(pattern=whole(r"([a-z][a-z0-9_]{0,59})?"))]
Width = Annotated[int, msgspec.Meta(ge=16, le=800)]
Align = Literal["left", "center", "right"]


class Block(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"
):
    """What every block is: one of the kinds below, told apart by `kind`."""


class Heading(Block, frozen=True, kw_only=True, tag="heading"):
    text: Sentence
    size: Literal["large", "small"] = "large"
    align: Align = "left"


class Text(Block, frozen=True, kw_only=True, tag="text"):
    """Paragraphs; **bold**, *italic*, [links](https://…) and lists are read as Markdown."""

    text: Paragraphs
    size: Literal["normal", "small"] = "normal"
    align: Align = "left"


class Button(Block, frozen=True, kw_only=True, tag="button"):
    label: Label
    link: Address
    align: Align = "left"


class Image(Block, frozen=True, kw_only=True, tag="image"):
    """`alt` says what it shows to who does not see it. `width` in pixels; null is all there is."""

    address: Address
    alt: Sentence
    link: Address = ""
    width: Width | None = None
    align: Align = "center"


class Divider(Block, frozen=True, kw_only=True, tag="divider"):
    pass


class Spacer(Block, frozen=True, kw_only=True, tag="spacer"):
    """`height` in pixels."""

    height: Annotated[int, msgspec.Meta(ge=4, le=200)] = 24


class Part(Block, frozen=True, kw_only=True, tag="part"):
    """A part that letters share, by its key."""

    part: PartKey


SimpleBlock = Heading | Text | Button | Image | Divider | Spacer
Column = Annotated[list[SimpleBlock], msgspec.Meta(max_length=COLUMN_MAX)]


class Columns(Block, frozen=True, kw_only=True, tag="columns"):
    """Side by side; on a telephone the left one stands above the right one."""

    left: Column
    right: Column


AnyBlock = SimpleBlock | Part | Columns
Blocks = Annotated[list[AnyBlock], msgspec.Meta(max_length=BLOCKS_MAX)]


class Theme(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`accent` is the buttons' colour, `button_text` what is written on them: null chooses white
    or black, whichever reads better. `width` in pixels."""

    accent: Colour = "#0b5e8e"
    button_text: Colour | None = None
    background: Colour = "#f3f5f8"
    width: Annotated[int, msgspec.Meta(ge=320, le=800)] = 600

    @property
    def on_accent(self) -> str:
        if self.button_text is not None:
            return self.button_text
        return max((WHITE, BLACK), key=lambda one: contrast(one, self.accent))

    @property
    def link(self) -> str:
        """Links in text are of the accent where that can be read on white."""
        return self.accent if contrast(self.accent, WHITE) >= CONTRAST_MIN else INK


def contrast(one: str, other: str) -> float:
    """Of two colours, 1 to 21, as WCAG 2.2 defines it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
