"""GSTIN, PAN and IRN: shapes, check digits and the portal's hash."""

import hashlib
from collections.abc import Collection

import msgspec
from stdnum.in_ import pan as pan_rules

from tandem.contracts.india import BUYERS, HAVE_PAN, STATES, gstin_category
from tandem.kernel.errors import Invalid
from tandem.scm.invoicing.domain.states import state_name

GSTIN_LENGTH = 15
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

PAN_HOLDERS = {
    "A": "association of persons",
    "B": "body of individuals",
    "C": "company",
    "F": "firm or LLP",
    "G": "government",
    "H": "Hindu undivided family",
    "J": "artificial juridical person",
    "L": "local authority",
    "P": "person",
    "T": "trust",
}


class GstinWrong(Invalid):
    code = "gstin_invalid"


class GstinFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a GSTIN says by itself. `problem` is empty when it is right.

    `category` is the kind of registration: regular, government, un_body (embassies, UN bodies),
    non_resident, online_services, tax_deductor, tax_collector. Only some have a PAN inside.
    """

    gstin: str
    is_valid: bool
    problem: str
    state_code: str = ""
    state: str = ""
    pan: str = ""
    holder: str = ""
    expected_check_character: str = ""
    category: str = ""


def inspect_gstin(text: str) -> GstinFacts:
    """Check shape, state, PAN and the mod-36 check character; never raises."""
    gstin = text.strip().upper()
    category = gstin_category(gstin)
    if not category:
        return _wrong(
            gstin, "A GSTIN has 15 characters, such as state, PAN, entity number, Z and a check."
        )
    state = "" if category == "online_services" else gstin[:2]
    if state and state not in STATES:
        return _wrong(gstin, f"{state} is not the code of a state.")
    expected = check_character(gstin[:-1])
    if gstin[-1] != expected:
        return msgspec.structs.replace(
            _wrong(gstin, f"The last character should be {expected}: something is mistyped."),
            expected_check_character=expected,
        )
    pan = gstin[2:12] if category in HAVE_PAN else ""
    if pan and not pan_rules.is_valid(pan):
        return _wrong(gstin, f"{pan} is not a PAN.")
    return GstinFacts(
        gstin=gstin,
        is_valid=True,
        problem="",
        state_code=state,
        state=state_name(state) if state else "",
        pan=pan,
        holder=PAN_HOLDERS.get(pan[3], "") if pan else "",
        expected_check_character=expected,
        category=category,
    )


def check_gstin(text: str, *, field: str, categories: Collection[str] = BUYERS) -> str:
    """The GSTIN in upper case, or a refusal that says what is wrong with it."""
    facts = inspect_gstin(text)
    if not facts.is_valid:
        raise GstinWrong(facts.problem, field=field)
    if facts.category not in categories:
        kind = facts.category.replace("_", " ")
        raise GstinWrong(f"The GSTIN of a {kind} registration does not do here.", field=field)
    return facts.gstin


def check_character(first_fourteen: str) -> str:
    """Mod 36 over alternating weights 1 and 2, digits of each product added (GSTN's algorithm)."""
    total = 0
    for place, character in enumerate(first_fourteen):
        product = _ALPHABET.index(character) * (1 + place % 2)
        total += product // 36 + product % 36
    return _ALPHABET[-total % 36]


def irn(*, seller_gstin: str, fy: str, kind: str, number: str) -> str:
    """The invoice reference number the portal will compute: SHA-256 of the four, joined.

    `fy` as 2026-27, `kind` INV, CRN or DBN (e-invoice schema INV-01, IRN generation).
    """
    return hashlib.sha256(f"{seller_gstin}{fy}{kind}{number}".encode()).hexdigest()


def _wrong(gstin: str, problem: str) -> GstinFacts:
    return GstinFacts(gstin=gstin[:GSTIN_LENGTH], is_valid=False, problem=problem)
