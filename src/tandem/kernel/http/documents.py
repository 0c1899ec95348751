"""Documents that our own pages show in a frame: invoices, labels."""

from litestar import Response

PDF = "application/pdf"


def pdf(content: bytes, *, name: str, seconds: int = 0) -> Response[bytes]:
    """Shown where it is asked for, under `name`; kept by the reader's browser for so long."""
    kept = f"private, max-age={seconds}" if seconds else "private, no-store"
    headers = {
        "Content-Disposition": f'inline; filename="{name}.pdf"',
        "Cache-Control": kept,
        "Content-Security-Policy": "frame-ancestors 'self'",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=PDF, headers=headers)
