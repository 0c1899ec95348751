"""India's states as GST numbers them, and which PIN codes lie in which of them.

A PIN's first three digits are its sorting district; nearly every one lies in one state, and those
that cross a border name each. The ranges follow the All India Pincode Directory (India Post,
published on data.gov.in).
"""

import re
from collections.abc import Mapping, Sequence

import msgspec

from tandem.contracts.address import Address
from tandem.contracts.countries import check_country
from tandem.kernel.errors import Invalid

STATES: Mapping[str, str] = {
    "01": "Jammu and Kashmir",
    "02": "Himachal Pradesh",
    "03": "Punjab",
    "04": "Chandigarh",
    "05": "Uttarakhand",
    "06": "Haryana",
    "07": "Delhi",
    "08": "Rajasthan",
    "09": "Uttar Pradesh",
    "10": "Bihar",
    "11": "Sikkim",
    "12": "Arunachal Pradesh",
    "13": "Nagaland",
    "14": "Manipur",
    "15": "Mizoram",
    "16": "Tripura",
    "17": "Meghalaya",
    "18": "Assam",
    "19": "West Bengal",
    "20": "Jharkhand",
    "21": "Odisha",
    "22": "Chhattisgarh",
    "23": "Madhya Pradesh",
    "24": "Gujarat",
    "26": "Dadra and Nagar Haveli and Daman and Diu",
    "27": "Maharashtra",
    "29": "Karnataka",
    "30": "Goa",
    "31": "Lakshadweep",
    "32": "Kerala",
    "33": "Tamil Nadu",
    "34": "Puducherry",
    "35": "Andaman and Nicobar Islands",
    "36": "Telangana",
    "37": "Andhra Pradesh",
    "38": "Ladakh",
    "97": "Other Territory",
}

GSTIN_SHAPES: Mapping[str, re.Pattern[str]] = {
    "online_services": re.compile(r"99[0-9]{2}[A-Z]{3}[0-9]{5}OS[0-9A-Z]"),
    "un_body": re.compile(r"[0-9]{4}[A-Z]{3}[0-9]{5}[UO]N[0-9A-Z]"),
    "non_resident": re.compile(r"[0-9]{4}[A-Z]{3}[0-9]{5}NR[0-9A-Z]"),
    "tax_deductor": re.compile(r"[0-9]{2}[A-Z]{4}[A-Z0-9][0-9]{4}[A-Z][1-9A-Z]D[0-9A-Z]"),
    "tax_collector": re.compile(r"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z]C[0-9A-Z]"),
    "government": re.compile(r"[0-9]{2}[A-Z]{4}[0-9]{5}[A-Z][0-9]Z[0-9]"),
    "regular": re.compile(r"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z][Z1-9ABE-J][0-9A-Z]"),
}
"""What kinds of registration a GSTIN may be, by its shape (GSTN, taxpayer returns API). An embassy
or UN body has a UIN; an online service from abroad has no state; a government department without
registration is known by its TAN. The first that fits counts."""

BUYERS = frozenset({"regular", "government", "un_body", "non_resident", "tax_deductor"})
"""Whose GSTIN may stand on an invoice as the buyer's."""

HAVE_PAN = frozenset({"regular", "tax_collector"})
"""Those whose characters 3 to 12 are a PAN (CGST Rules r.10)."""


def gstin_category(gstin: str) -> str:
    """The kind of registration, by the shape alone; empty for what is no GSTIN."""
    return next((kind for kind, shape in GSTIN_SHAPES.items() if shape.fullmatch(gstin)), "")


PIN = re.compile(r"[1-9][0-9]{5}")

_RANGES: Sequence[tuple[int, int, str]] = (
    (110, 110, "07"),
    (121, 136, "06"),
    (140, 140, "03 04"),
    (141, 152, "03"),
    (160, 160, "04 03"),
    (171, 177, "02"),
    (180, 193, "01"),
    (194, 194, "38 01"),
    (201, 243, "09"),
    (244, 244, "09 05"),
    (245, 245, "09"),
    (246, 246, "05 09"),
    (247, 247, "09 05"),
    (248, 249, "05"),
    (250, 261, "09"),
    (262, 262, "09 05"),
    (263, 263, "05"),
    (271, 285, "09"),
    (301, 345, "08"),
    (360, 361, "24"),
    (362, 362, "24 26"),
    (363, 395, "24"),
    (396, 396, "24 26"),
    (400, 402, "27"),
    (403, 403, "30"),
    (404, 445, "27"),
    (450, 488, "23"),
    (490, 497, "22"),
    (500, 506, "36"),
    (507, 507, "36 37"),
    (508, 509, "36"),
    (515, 532, "37"),
    (533, 533, "37 34"),
    (534, 535, "37"),
    (560, 591, "29"),
    (600, 604, "33"),
    (605, 605, "33 34"),
    (606, 606, "33"),
    (607, 607, "33 34"),
    (608, 608, "33"),
    (609, 609, "33 34"),
    (610, 643, "33"),
    (670, 672, "32"),
    (673, 673, "32 34"),
    (674, 681, "32"),
    (682, 682, "32 31"),
    (683, 695, "32"),
    (700, 736, "19"),
    (737, 737, "11"),
    (738, 743, "19"),
    (744, 744, "35"),
    (751, 770, "21"),
    (781, 781, "18 17"),
    (782, 788, "18"),
    (790, 792, "12"),
    (793, 794, "17"),
    (795, 795, "14"),
    (796, 796, "15"),
    (797, 798, "13"),
    (799, 799, "16"),
    (800, 812, "10"),
    (813, 813, "10 20"),
    (814, 814, "20 10"),
    (815, 820, "20"),
    (821, 821, "10"),
    (822, 822, "20"),
    (823, 824, "10"),
    (825, 835, "20"),
    (841, 855, "10"),
)

_STATES_OF: Mapping[int, tuple[str, ...]] = {
    prefix: tuple(codes.split())
    for first, last, codes in _RANGES
    for prefix in range(first, last + 1)
}
assert {code for codes in _STATES_OF.values() for code in codes} == STATES.keys() - {"97"}, (
    "every state has PIN codes"
)


class PostalCodeWrong(Invalid):
    code = "postal_code_wrong"


class StateMismatch(Invalid):
    """The PIN code lies in another state than the address says; `expected` holds that state."""

    code = "state_mismatch"


def states_of_pin(pin: str) -> tuple[str, ...]:
    """GST codes of the states a PIN may lie in, the likeliest first; empty where unknown.

    The army's postal service (9xx) and sorting districts not opened yet are unknown.
    """
    return _STATES_OF.get(int(pin[:3]), ()) if PIN.fullmatch(pin) else ()


def check_address(address: Address, *, field: str = "address") -> None:
    """Refuse an Indian address whose PIN is not one, whose state is none, or where they disagree.

    Unknown PIN ranges and an empty state pass: the address may still be right. Of one abroad the
    country is looked at.
    """
    check_country(address.country, field=f"{field}.country")
    if address.country != "IN":
        return
    if not PIN.fullmatch(address.postal_code):
        raise PostalCodeWrong(
            f"{address.postal_code!r} is not an Indian PIN code: six digits, the first not 0.",
            field=f"{field}.postal_code",
        )
    if not address.state_code:
        return
    if address.state_code not in STATES:
        raise Invalid(
            f"{address.state_code!r} is not a GST state code (29 is Karnataka).",
            field=f"{field}.state_code",
        )
    expected = states_of_pin(address.postal_code)
    if expected and address.state_code not in expected:
        hint = " or ".join(f"{STATES[code]} ({code})" for code in expected)
        raise StateMismatch(
            f"PIN {address.postal_code} lies in {hint}, not in "
            f"{STATES[address.state_code]} ({address.state_code}).",
            field=f"{field}.state_code",
            expected=[{"state_code": code, "name": STATES[code]} for code in expected],
        )


def with_state(address: Address) -> Address:
    """The same address with its state filled in from the PIN, where that is certain."""
    if address.country != "IN" or address.state_code:
        return address
    states = states_of_pin(address.postal_code)
    return msgspec.structs.replace(address, state_code=states[0]) if len(states) == 1 else address


def likely_state(postal_code: str, state_code: str, country: str = "IN") -> str:
    """The state that was given, else the one that the PIN most likely lies in; empty if unknown.

    For tax, which needs one answer: of the few PIN districts on a border nearly all lie in the
    first of their states.
    """
    if state_code or country != "IN":
        return state_code
    return next(iter(states_of_pin(postal_code)), "")
