"""Forms: read with limits, turned into values, and shown again with the reason where it belongs."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import msgspec
from litestar import Request
from litestar.datastructures import UploadFile

from tandem.kernel.actor import Actor, StepUpNeeded
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.fields import KEPT
from tandem.kernel.money import EXPONENT
from tandem.web.shown import inputs_of

T = TypeVar("T")
AnyRequest = Request[Any, Any, Any]
TEXT_MAX = 20_000
MINOR_MAX = 10**14


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a form was refused, with what was typed. `form` names the dialog to open again, and
    `status` is what the page that shows it answers with."""

    detail: str
    status: int = 200
    field: str = ""
    form: str = ""
    values: dict[str, str] = {}

    def at(self, name: str) -> str | None:
        """The message if it belongs to this field; `lines[0].sku` belongs to `sku` as well."""
        if not self.field:
            return None
        last = self.field.replace("[", ".").rpartition(".")[2]
        return self.detail if name in {self.field, last} else None

    def value(self, name: str, default: str = "") -> str:
        return self.values.get(name, default)


NO_PROBLEM = Problem(detail="")


def problem_of(refusal: Refusal, values: Mapping[str, str], *, form: str = "") -> Problem:
    """The refusal as the form shows it. A proof that is too old is no fault of the form: whoever
    typed it is led to prove anew, and back."""
    if isinstance(refusal, StepUpNeeded):
        raise refusal
    return Problem(
        detail=refusal.detail,
        status=refusal.status,
        field=refusal.field or "",
        form=form,
        values=dict(values),
    )


async def read_form(request: AnyRequest, *, longest: int = TEXT_MAX) -> dict[str, str]:
    """The last value of each field in the order they came, trimmed, without what is kept from
    whoever sends it. Refuses control characters other than line ends."""
    form = await request.form()
    actor: Actor | None = request.scope["state"].get("actor")
    has_kept = actor is not None and bool(actor.hidden)
    inputs = inputs_of(request.scope["route_handler"].opt, actor)
    values: dict[str, str] = {}
    for name, value in form.items():
        if not isinstance(value, UploadFile) and not inputs.state(name):
            # What was not shown comes back as the dash that stood for it.
            is_nothing = has_kept and value == str(KEPT)
            values[name] = "" if is_nothing else _checked(name, str(value), longest)
    return values


def _checked(name: str, value: str, longest: int = TEXT_MAX) -> str:
    text = value.replace("\r\n", "\n").strip()
    if len(text) > longest:
        raise Invalid(f"This has more than {longest:,} characters.", field=name)
    if any(ord(character) < 32 and character not in "\n\t" for character in text):
        raise Invalid("This contains characters that cannot be kept.", field=name)
    return text


def convert(values: Mapping[str, Any], kind: type[T], words: Mapping[str, str]) -> T:
    """Typed, or Invalid naming the field in words that say what it must be."""
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as reason:
        field = _field_of(str(reason))
        said = words.get(field.rpartition(".")[2]) or _plain(str(reason))
        raise Invalid(said, field=field) from reason


def _field_of(reason: str) -> str:
    if located := re.search(r"at `\$\.?(.*?)`", reason):
        return located[1]
    missing = re.search(r"missing required field `(.*?)`", reason)
    return missing[1] if missing else ""


def _plain(reason: str) -> str:
    text = reason.partition(" - at `")[0]
    if found := re.search(r"length (<=|>=) (\d+)", text):
        size = "at most" if found[1] == "<=" else "at least"
        return f"This needs {size} {found[2]} characters."
    if "missing required field" in text or "got `null`" in text:
        return "Fill this in."
    return "This does not have the form that is needed here."


def minor_of(text: str, *, field: str, currency: str = "INR") -> int:
    """Money as typed ("1,499.50", "₹ 20") in minor units. Refuses what is none."""
    cleaned = text.replace(",", "").replace("₹", "").strip()
    try:
        amount = Decimal(cleaned).scaleb(EXPONENT.get(currency, 2))
    except InvalidOperation as reason:
        raise Invalid("Give an amount such as 149 or 149.50.", field=field) from reason
    if not amount.is_finite() or amount != amount.to_integral_value() or abs(amount) > MINOR_MAX:
        raise Invalid("Give an amount such as 149 or 149.50.", field=field)
    return int(amount)


def whole_of(text: str, *, field: str, least: int, most: int) -> int:
    cleaned = text.replace(",", "").strip()
    if not re.fullmatch(r"[+-]?\d{1,12}", cleaned) or not least <= int(cleaned) <= most:
        raise Invalid(f"Give a whole number from {least:,} to {most:,}.", field=field)
    return int(cleaned)


def decimal_text(minor: int, currency: str = "INR") -> str:
    """Minor units as an input field shows them: 149.50."""
    digits = EXPONENT.get(currency, 2)
    return f"{Decimal(minor).scaleb(-digits):.{digits}f}"


def row_places(values: Mapping[str, str], name: str, most: int) -> list[int]:
    """Which rows of a form have this filled in (`name_0`, `name_1`, …), in the order of their
    `place_0`, …; rows without one come last, as they stand."""
    rows = [place for place in range(most) if values.get(f"{name}_{place}", "").strip()]

    def order(place: int) -> tuple[int, int]:
        typed = values.get(f"place_{place}", "")
        return (
            whole_of(typed, field=f"place_{place}", least=1, most=999) if typed else most,
            place,
        )

    return sorted(rows, key=order)
