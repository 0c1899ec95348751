"""India's states as an invoice names them, and where each one's half of the tax goes."""

from tandem.contracts.india import STATES

ABROAD = "96"
OTHER_TERRITORY = "97"

UNION_TERRITORIES = frozenset({"04", "26", "31", "35", "38", OTHER_TERRITORY})
"""Without a legislature of their own: UTGST instead of SGST (UTGST Act s.1(2), s.2(8))."""


def state_name(code: str) -> str:
    return STATES.get(code, "Outside India" if code == ABROAD else code)


def state_tax_name(code: str) -> str:
    """What the second half of an intra-state tax is called there."""
    return "UTGST" if code in UNION_TERRITORIES else "SGST"
