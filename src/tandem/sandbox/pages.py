"""Pages for people: templates, their escaping, and what a browser may load for them."""

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response
from litestar.enums import MediaType
from markupsafe import Markup, escape

HERE = Path(__file__).parent
CONTENT_SECURITY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")


def link_up(text: str) -> Markup:
    """Plain text with its web addresses made into links; everything else escaped."""
    pieces: list[Markup] = []
    last = 0
    for match in LINK.finditer(text):
        pieces.append(escape(text[last : match.start()]))
        pieces.append(
            Markup('<a href="{0}" target="_blank" rel="noreferrer">{0}</a>').format(match[0])
        )
        last = match.end()
    pieces.append(escape(text[last:]))
    return Markup("").join(pieces)


templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
templates.filters["link_up"] = link_up


def page(template: str, /, *, status: int = 200, **context: Any) -> Response[str]:
    """A whole page that loads nothing from elsewhere."""
    return Response(
        templates.get_template(template).render({"section": "", **context}),
        status_code=status,
        media_type=MediaType.HTML,
        headers={
            "content-security-policy": CONTENT_SECURITY,
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
            "cache-control": "no-store",
        },
    )
