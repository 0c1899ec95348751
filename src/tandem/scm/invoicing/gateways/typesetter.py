"""Documents on A4 paper."""

from datetime import datetime
from functools import cache, partial
from importlib.resources import files

import msgspec

from tandem.kernel import typesetting
from tandem.scm.invoicing.domain.printing import Sheet


async def print_pdf(sheet: Sheet, *, issued_at: datetime) -> bytes:
    """PDF/A-2b, for keeping. Runs in a thread; never call it inside a transaction."""
    return await typesetting.in_thread(
        partial(typesetting.pdf, _template(), _inputs(sheet), made_at=issued_at, for_keeping=True)
    )


def typeset_pages(sheet: Sheet, *, dots_per_inch: int = 110) -> list[bytes]:
    return typesetting.pages(_template(), _inputs(sheet), dots_per_inch=dots_per_inch)


@cache
def _template() -> bytes:
    return files(__package__).joinpath("invoice.typ").read_bytes()


def _inputs(sheet: Sheet) -> dict[str, str]:
    return {
        "sheet": msgspec.json.encode(sheet).decode(),
        "qr": typesetting.qr_svg(sheet.qr),
    }
