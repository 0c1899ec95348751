"""Labels for a 4 × 6 inch thermal printer."""

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
        "bars": typesetting.bars(sheet.number).svg,
        "qr": typesetting.qr_svg(sheet.tracking_url),
    }
