"""A postal address as every document keeps it: a snapshot, never a pointer."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec

from tandem.kernel.patterns import whole

PRINTABLE = whole(r"[^\x00-\x1f\x7f]*")
"""No control characters: a label is one line, and PostgreSQL cannot store NUL."""
FILLED = whole(r"(?=.*\S)[^\x00-\x1f\x7f]*")
"""As PRINTABLE, and more than blanks: what is stripped and stored is never empty."""

Line = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=FILLED)]
Optional200 = Annotated[str, msgspec.Meta(max_length=200, pattern=PRINTABLE)]
Line100 = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=FILLED)]


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """`state_code` is the two-digit GST code (29 Karnataka); `postal_code` a PIN in India.

    `latitude` and `longitude` are WGS 84 degrees, where known.
    """

    field_rules: ClassVar[Mapping[str, str]] = {"phone": "customer.phones"}
    is_detail: ClassVar[bool] = True
    """Part of many records: what shows an address does not yet show a customer."""

    name: Line100
    line1: Line
    line2: Optional200 = ""
    landmark: Optional200 = ""
    city: Line100
    state_code: Annotated[str, msgspec.Meta(pattern=whole(r"(\d{2})?"))] = ""
    postal_code: Annotated[str, msgspec.Meta(min_length=3, max_length=12, pattern=PRINTABLE)]
    country: Annotated[str, msgspec.Meta(pattern=whole("[A-Z]{2}"))] = "IN"
    phone: Annotated[str, msgspec.Meta(max_length=20, pattern=PRINTABLE)] = ""
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None
