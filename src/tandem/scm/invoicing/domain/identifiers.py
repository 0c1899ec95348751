"""GSTIN, PAN and IRN: shapes, check digits and the portal's hash."""

import hashlib
import re

import msgspec
from stdnum.in_ import gstin as stdnum_gstin

from tandem.contracts.india import STATES
from tandem.kernel.errors import Invalid
from tandem.scm.invoicing.domain.states import state_name

GSTIN_LENGTH = 15
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SHAPE = re.compile(r"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z]Z[0-9A-Z]")

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
    """What a GSTIN says by itself. `problem` is empty when it is right."""

    gstin: str
    is_valid: bool
    problem: str
    state_code: str = ""
    state: str = ""
    pan: str = ""
    holder: str = ""
    expected_check_character: str = ""


def inspect_gstin(text: str) -> GstinFacts:
    """Check shape, state, PAN and the mod-36 check character; never raises."""
    gstin = text.strip().upper()
    if not _SHAPE.fullmatch(gstin):
        return _wrong(gstin, "A GSTIN is state, PAN, entity number, Z and a check character.")
    state, pan = gstin[:2], gstin[2:12]
    if state not in STATES:
        return _wrong(gstin, f"{state} is not the code of a state.")
    expected = check_character(gstin[:-1])
    if gstin[-1] != expected:
        return msgspec.structs.replace(
            _wrong(gstin, f"The last character should be {expected}: something is mistyped."),
            expected_check_character=expected,
        )
    if not stdnum_gstin.is_valid(gstin):
        return _wrong(gstin, f"{pan} is not a PAN.")
    return GstinFacts(
        gstin=gstin,
        is_valid=True,
        problem="",
        state_code=state,
        state=state_name(state),
        pan=pan,
        holder=PAN_HOLDERS.get(pan[3], ""),
        expected_check_character=expected,
    )


def check_gstin(text: str, *, field: str) -> str:
    """The GSTIN in upper case, or a refusal that says what is wrong with it."""
    facts = inspect_gstin(text)
    if not facts.is_valid:
        raise GstinWrong(facts.problem, field=field)
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
