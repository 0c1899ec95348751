"""`ETag` and `If-Match`: the version a reader saw, and whether it is still the current one."""

from typing import Annotated

from litestar.params import HeaderParameter

from tandem.kernel.errors import StaleVersion

IfMatch = Annotated[str | None, HeaderParameter(name="If-Match")]
"""Declare as `if_match: IfMatch = None`."""


def etag(version: int) -> dict[str, str]:
    """Response headers for an entity at this version."""
    return {"ETag": f'"{version}"'}


def check_if_match(if_match: str | None, version: int) -> None:
    """No header means "whatever it is"; `*` too. Weak tags compare like strong ones here."""
    if if_match is None or if_match.strip() == "*":
        return
    seen = {tag.strip().removeprefix("W/").strip('"') for tag in if_match.split(",")}
    if str(version) not in seen:
        raise StaleVersion(
            "Somebody changed this in the meantime. Read it again and repeat your change.",
            current_version=version,
        )
