"""Paper by Typst: the same sheet gives the same bytes. Templates are the services', fonts and
threads are one for all."""

import asyncio
import io
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typst

AT_ONCE = 2
"""Typesetting is work for a core: more threads than this only make everybody wait."""

_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="typesetter")


async def in_thread(typeset: Callable[[], bytes]) -> bytes:
    """Never call it inside a transaction."""
    return await asyncio.get_running_loop().run_in_executor(_threads, typeset)


def pdf(
    template: bytes, inputs: Mapping[str, str], *, made_at: datetime, for_keeping: bool = False
) -> bytes:
    """A PDF that says it was made then; PDF/A-2b where it is to be kept."""
    import typst  # a compiler of 7 MB, loaded by the first paper

    made: bytes = typst.compile(
        template,
        format="pdf",
        font_paths=_fonts(),
        sys_inputs=dict(inputs),
        pdf_standards="a-2b" if for_keeping else [],
        timestamp=int(made_at.timestamp()),
    )
    return made


def pages(template: bytes, inputs: Mapping[str, str], *, dots_per_inch: int) -> list[bytes]:
    """Every page as a PNG, to look at."""
    import typst

    made: bytes | list[bytes] = typst.compile(
        template,
        format="png",
        ppi=dots_per_inch,
        font_paths=_fonts(),
        sys_inputs=dict(inputs),
    )
    return made if isinstance(made, list) else [made]


def qr_svg(text: str) -> str:
    import segno

    held = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        held, kind="svg", border=0, scale=4, xmldecl=False, svgns=True
    )
    return held.getvalue().decode()


@cache
def _fonts() -> "typst.Fonts":
    """Ours only: what a machine has installed must not change a document."""
    import typst

    with as_file(files(__package__).joinpath("fonts")) as folder:
        return typst.Fonts(include_system_fonts=False, font_paths=[folder])
