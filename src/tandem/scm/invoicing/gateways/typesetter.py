"""Documents on A4 paper by Typst: the same sheet gives the same bytes."""

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache, partial
from importlib.resources import as_file, files

import msgspec
import segno
import typst

from tandem.scm.invoicing.domain.printing import Sheet

AT_ONCE = 2
"""Typesetting is work for a core: more threads than this only make everybody wait."""

_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="typesetter")


async def print_pdf(sheet: Sheet, *, issued_at: datetime) -> bytes:
    """PDF/A-2b, for keeping. Runs in a thread; never call it inside a transaction."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads, partial(typeset_pdf, sheet, issued_at=issued_at))


def typeset_pdf(sheet: Sheet, *, issued_at: datetime) -> bytes:
    return typst.compile(
        _template(),
        format="pdf",
        font_paths=_fonts(),
        sys_inputs=_inputs(sheet),
        pdf_standards="a-2b",
        timestamp=int(issued_at.timestamp()),
    )


def typeset_pages(sheet: Sheet, *, dots_per_inch: int = 110) -> list[bytes]:
    """Every page as a PNG, to look at."""
    made: bytes | list[bytes] = typst.compile(
        _template(),
        format="png",
        ppi=dots_per_inch,
        font_paths=_fonts(),
        sys_inputs=_inputs(sheet),
    )
    return made if isinstance(made, list) else [made]


@cache
def _template() -> bytes:
    return files(__package__).joinpath("invoice.typ").read_bytes()


@cache
def _fonts() -> typst.Fonts:
    """Ours only: what a machine has installed must not change a document."""
    with as_file(files(__package__).joinpath("fonts")) as folder:
        return typst.Fonts(include_system_fonts=False, font_paths=[folder])


def _inputs(sheet: Sheet) -> dict[str, str]:
    code = io.BytesIO()
    segno.make(sheet.qr, error="m", micro=False).save(
        code, kind="svg", border=0, scale=4, xmldecl=False, svgns=True
    )
    return {"sheet": msgspec.json.encode(sheet).decode(), "qr": code.getvalue().decode()}
