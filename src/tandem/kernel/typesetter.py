"""The process that typesets: `python -m tandem.kernel.typesetter`, started by `kernel.typesetting`.

Typst keeps fonts and what it has compiled, 40 MB and more, for as long as its process lives. So it
has one of its own, which ends when nobody has asked for a while, or when who asked is gone.
"""

import select
import sys
from collections.abc import Mapping
from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, BinaryIO

import msgspec

if TYPE_CHECKING:
    import typst

IDLE_SECONDS_MAX = 20.0
LENGTH_BYTES = 8


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """`dots_per_inch` asks for pictures of its pages; without it, it becomes a PDF that says it was
    made at `made_at`, in Unix seconds; PDF/A-2b where it is to be kept."""

    template: bytes
    inputs: Mapping[str, str]
    made_at: int | None = None
    for_keeping: bool = False
    dots_per_inch: int | None = None


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """One PDF, or a PNG for each page; or why there is none."""

    files: list[bytes] = msgspec.field(default_factory=list)
    error: str = ""


def write(to: BinaryIO, message: Sheet | Made) -> None:
    body = msgspec.msgpack.encode(message)
    to.write(len(body).to_bytes(LENGTH_BYTES) + body)
    to.flush()


def read(source: BinaryIO) -> bytes | None:
    """One message; None when the other side is gone."""
    head = source.read(LENGTH_BYTES)
    if len(head) < LENGTH_BYTES:
        return None
    length = int.from_bytes(head)
    body = source.read(length)
    return body if len(body) == length else None


def make(sheet: Sheet) -> Made:
    import typst

    made: bytes | list[bytes]
    try:
        if sheet.dots_per_inch is None:
            made = typst.compile(
                sheet.template,
                format="pdf",
                font_paths=_fonts(),
                sys_inputs=dict(sheet.inputs),
                pdf_standards="a-2b" if sheet.for_keeping else [],
                timestamp=sheet.made_at,
            )
        else:
            made = typst.compile(
                sheet.template,
                format="png",
                ppi=sheet.dots_per_inch,
                font_paths=_fonts(),
                sys_inputs=dict(sheet.inputs),
            )
    except (typst.TypstError, ValueError, RuntimeError) as reason:
        return Made(error=str(reason)[:2000])
    return Made(files=made if isinstance(made, list) else [made])


@cache
def _fonts() -> "typst.Fonts":
    """Ours only: what a machine has installed must not change a document."""
    import typst

    with as_file(files(__package__).joinpath("fonts")) as folder:
        return typst.Fonts(include_system_fonts=False, font_paths=[folder])


def main() -> None:
    """Answer one sheet after another. Nobody asks before the last answer is there, so that what is
    selected is always the beginning of a message."""
    asked, answered = sys.stdin.buffer, sys.stdout.buffer
    while select.select([asked], [], [], IDLE_SECONDS_MAX)[0]:
        message = read(asked)
        if message is None:
            return
        write(answered, make(msgspec.msgpack.decode(message, type=Sheet)))


if __name__ == "__main__":
    main()
