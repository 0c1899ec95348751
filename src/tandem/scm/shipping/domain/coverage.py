"""Where the company delivers, and where it takes cash at the door: by the PIN's beginning."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from tandem.kernel.errors import Invalid
from tandem.kernel.patterns import whole


class NotServed(Invalid):
    """The company does not deliver there, or takes no cash there."""

    code = "not_served"


class Coverage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for Indian PIN codes that begin so; without a prefix for all that no other line
    fits."""

    prefix: Annotated[str, msgspec.Meta(pattern=whole("([1-9][0-9]{0,5})?"))] = ""
    prepaid: bool = True
    cod: bool = True


EVERYTHING = Coverage()


def coverage_of(lines: Sequence[Coverage], pin: str, country: str) -> Coverage:
    """The longest prefix that fits decides; where none does, everything is served. Abroad there
    are no PINs to go by."""
    if country != "IN":
        return EVERYTHING
    fitting = [line for line in lines if pin.startswith(line.prefix)]
    return max(fitting, key=lambda line: len(line.prefix), default=EVERYTHING)


def refusal_of(payment_method: str, pin: str, *, prepaid: bool, cod: bool) -> NotServed | None:
    """Why an order to that PIN cannot be taken, or None. Whoever pays later still pays."""
    if cod if payment_method == "cod" else prepaid:
        return None
    said = "No cash is taken at the door there." if prepaid else "Nothing is delivered there."
    return NotServed(f"PIN {pin}: {said}", field="ship_to.postal_code")
