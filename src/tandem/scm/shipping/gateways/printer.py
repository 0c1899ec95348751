"""Labels for a 4 × 6 inch thermal printer by Typst: the same sheet gives the same bytes."""

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from importlib.resources import as_file, files

import msgspec
import segno
import typst
from barcode.codex import Code128  # type: ignore[import-untyped]
from barcode.writer import SVGWriter  # type: ignore[import-untyped]

from tandem.scm.shipping.domain.labels import LabelSheet

AT_ONCE = 2
"""Typesetting is work for a core: more threads than this only make everybody wait."""

_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="label")


async def print_label(sheet: LabelSheet) -> bytes:
    """PDF, one page a parcel. Runs in a thread; never call it inside a transaction."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads, partial(typeset_pdf, sheet))


def typeset_pdf(sheet: LabelSheet) -> bytes:
    made: bytes = typst.compile(
        _template(),
        format="pdf",
        font_paths=_fonts(),
        sys_inputs=_inputs(sheet),
        timestamp=int(sheet.made_at.timestamp()),
    )
    return made


def typeset_pages(sheet: LabelSheet, *, dots_per_inch: int = 203) -> list[bytes]:
    """Every page as a PNG at a thermal printer's resolution, to look at."""
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
    return files(__package__).joinpath("label.typ").read_bytes()


@cache
def _fonts() -> typst.Fonts:
    """Ours only: what a machine has installed must not change a label."""
    with as_file(files(__package__).joinpath("fonts")) as folder:
        return typst.Fonts(include_system_fonts=False, font_paths=[folder])


def _inputs(sheet: LabelSheet) -> dict[str, str]:
    return {
        "sheet": msgspec.json.encode(sheet).decode(),
        "bars": bars_svg(sheet.number),
        "qr": qr_svg(sheet.tracking_url),
    }


def bars_svg(text: str) -> str:
    """Code 128 without text; the quiet zones belong to the label's layout."""
    held = io.BytesIO()
    Code128(text, writer=SVGWriter()).write(
        held, options={"write_text": False, "quiet_zone": 0, "module_height": 16}
    )
    return held.getvalue().decode()


def qr_svg(text: str) -> str:
    held = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        held, kind="svg", border=0, scale=4, xmldecl=False, svgns=True
    )
    return held.getvalue().decode()
