"""Pages that may stand in frames of other sites."""

from collections.abc import Sequence
from typing import Any

from litestar import Response


def framed(answer: Response[Any], allowed_origins: Sequence[str]) -> Response[Any]:
    """Lets these origins put the page into a frame, beside our own."""
    allowed = " ".join(["'self'", *allowed_origins])
    policy = str(answer.headers["content-security-policy"])
    answer.headers["content-security-policy"] = policy.replace(
        "frame-ancestors 'self'", f"frame-ancestors {allowed}"
    )
    if allowed_origins:
        # The older header knows no list; browsers that know the newer one ignore it.
        del answer.headers["x-frame-options"]
    return answer
