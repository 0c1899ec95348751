"""Labels for a 4 × 6 inch thermal printer."""

import io
from functools import cache, partial
from importlib.resources import files

import msgspec

from tandem.kernel import typesetting
from tandem.scm.shipping.domain.labels import LabelSheet


async def print_label(sheet: LabelSheet) -> bytes:
    """PDF, one page a parcel. Runs in a thread; never call it inside a transaction."""
    return await typesetting.in_thread(partial(typeset_pdf, sheet))


def typeset_pdf(sheet: LabelSheet) -> bytes:
    return typesetting.pdf(_template(), _inputs(sheet), made_at=sheet.made_at)


@cache
def _template() -> bytes:
    return files(__package__).joinpath("label.typ").read_bytes()


def _inputs(sheet: LabelSheet) -> dict[str, str]:
    return {
        "sheet": msgspec.json.encode(sheet).decode(),
        "bars": bars_svg(sheet.number),
        "qr": typesetting.qr_svg(sheet.tracking_url),
    }


def bars_svg(text: str) -> str:
    """Code 128 without text; the quiet zones belong to the label's layout."""
    # Brings an imaging library along where one is installed: only who prints labels needs it.
    from barcode.codex import Code128  # type: ignore[import-untyped]
    from barcode.writer import SVGWriter  # type: ignore[import-untyped]

    held = io.BytesIO()
    Code128(text, writer=SVGWriter()).write(
        held, options={"write_text": False, "quiet_zone": 0, "module_height": 16}
    )
    return held.getvalue().decode()
