"""GSTIN and PAN: shape, check digit, and that the one contains the other."""

from collections.abc import Mapping

from stdnum import luhn
from stdnum.exceptions import InvalidChecksum, ValidationError
from stdnum.in_ import pan as pan_rules

from tandem.contracts.india import BUYERS, HAVE_PAN, STATES, gstin_category
from tandem.kernel.errors import Invalid

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class GstinWrong(Invalid):
    code = "gstin_wrong"


class PanWrong(Invalid):
    code = "pan_wrong"


class TreatmentWrong(Invalid):
    code = "gst_treatment_wrong"


NEED_GSTIN: Mapping[str, str] = {
    "regular": "A registered business",
    "sez": "A unit of a special economic zone",
}
HAVE_NONE: Mapping[str, str] = {"unregistered": "unregistered", "overseas": "abroad"}


def check_tax_numbers(
    gstin: str | None, pan: str | None, *, field: str = "gstin"
) -> tuple[str | None, str | None]:
    """Both in their normal form, upper case. A GSTIN brings its PAN along (CGST Rules, r. 10);
    embassies, departments and visitors have one without."""
    gstin = _normal_gstin(gstin, field) if gstin else None
    pan = _normal_pan(pan) if pan else None
    if gstin:
        inside = gstin[2:12] if gstin_category(gstin) in HAVE_PAN else None
        if pan and pan != inside:
            whose = f"belongs to PAN {inside}" if inside else "has no PAN in it"
            raise PanWrong(f"The GSTIN {whose}, not {pan}.", field="pan")
        pan = inside
    return gstin, pan


def check_treatment(treatment: str, gstin: str | None) -> str:
    """Refuse a treatment that does not go with the GSTIN, or with none."""
    if treatment in NEED_GSTIN and not gstin:
        raise TreatmentWrong(f"{NEED_GSTIN[treatment]} has a GSTIN: give it.", field="gstin")
    if treatment in HAVE_NONE and gstin:
        raise TreatmentWrong(
            f"Whoever has the GSTIN {gstin} is not {HAVE_NONE[treatment]}.", field="gst_treatment"
        )
    return treatment


def _normal_gstin(text: str, field: str) -> str:
    """Shape, state, PAN and check digit (Luhn over 36 characters)."""
    gstin = text.replace(" ", "").replace("-", "").upper()
    category = gstin_category(gstin)
    if category not in BUYERS:
        raise GstinWrong(
            f"{text.strip()[:20]!r} is not a GSTIN: 15 characters such as 29ABCDE1234F1Z5.",
            field=field,
        )
    if gstin[:2] not in STATES:
        raise GstinWrong(f"No state has the GST code {gstin[:2]}.", field=field)
    try:
        if category in HAVE_PAN:
            pan_rules.validate(gstin[2:12])
        luhn.validate(gstin, _ALPHABET)
    except InvalidChecksum as reason:
        raise GstinWrong(
            f"The last character of {gstin} does not fit the others: a typing error?",
            field=field,
        ) from reason
    except ValidationError as reason:
        raise GstinWrong(f"{gstin[2:12]} inside {gstin} is not a PAN.", field=field) from reason
    return gstin


def _normal_pan(text: str) -> str:
    try:
        pan: str = pan_rules.validate(text)
    except ValidationError as reason:
        raise PanWrong(
            f"{text.strip()[:20]!r} is not a PAN: five letters, four digits, one letter.",
            field="pan",
        ) from reason
    return pan
