"""Document numbers: the financial year they count in, and the formats the law accepts.

CGST Rules r.46(b): consecutive, at most sixteen characters, letters, digits, dash and slash, unique
for a financial year. The e-invoice schema INV-01 adds that the first character is a letter or 1-9.
"""

import re
from datetime import date
from typing import Literal

from tandem.kernel.errors import Conflict, Invalid

Kind = Literal["INV", "CRN"]

LENGTH_MAX = 16
FY_FIRST_MONTH = 4
NUMBER = re.compile(r"[a-zA-Z1-9][a-zA-Z0-9/-]{0,15}")
_SEQUENCE = re.compile(r"\{seq(?::0([1-9]))?\}")

DEFAULT_FORMATS: dict[Kind, str] = {"INV": "INV/{fy}/{seq:06}", "CRN": "CRN/{fy}/{seq:05}"}


class NumberFormatWrong(Invalid):
    """`rule` names what was broken: length, first_character, characters, sequence."""

    code = "number_format_invalid"


class SeriesFull(Conflict):
    code = "number_series_full"


def financial_year(on: date) -> str:
    """The Indian year of a local day, April to March, as 2026-27."""
    first = on.year if on.month >= FY_FIRST_MONTH else on.year - 1
    return f"{first}-{(first + 1) % 100:02d}"


def document_number(pattern: str, *, fy: str, seq: int) -> str:
    """`INV/{fy}/{seq:06}` with the year 2026-27 and 1 becomes INV/26-27/000001."""
    number = _filled(pattern, fy=fy, seq=seq)
    if len(number) > LENGTH_MAX:
        raise SeriesFull(
            f"{number} has more than {LENGTH_MAX} characters. Shorten the number format in the"
            " company's tax profile.",
            number=number,
        )
    check_number(number, field="number")
    return number


def check_format(pattern: str, *, field: str) -> None:
    """Refuse a format that could ever make an unlawful number, naming the rule."""
    if len(_SEQUENCE.findall(pattern)) != 1:
        _refuse("sequence", "A number format has one {seq}, such as {seq:06}.", field)
    check_number(_filled(pattern, fy="2026-27", seq=1), field=field)


def could_meet(first: str, second: str) -> bool:
    """Whether two formats could give the same number within one year: `A{seq}` reaches A11, which
    is the first of `A1{seq}`. Says yes too readily rather than too late: it counts no digits.
    """
    one, other = _around(first), _around(second)
    return _extends(one[0], other[0]) and _extends(one[1][::-1], other[1][::-1])


def continues(first: str, second: str) -> bool:
    """Whether both write the same words around the sequence, which itself never goes back."""
    return _around(first) == _around(second)


def _around(pattern: str) -> tuple[str, str]:
    """What stands before and after the sequence, in some year."""
    before, _, after = _SEQUENCE.sub("\0", pattern.replace("{fy}", "26-27")).partition("\0")
    return before, after


def _extends(one: str, other: str) -> bool:
    """One begins with the other, and has only digits more, which a sequence could give too."""
    shorter, longer = sorted((one, other), key=len)
    rest = longer[len(shorter) :]
    return longer.startswith(shorter) and (not rest or rest.isdigit())


def check_number(number: str, *, field: str) -> None:
    """Refuse a number the law or the portal would not take, naming the rule."""
    if not 1 <= len(number) <= LENGTH_MAX:
        _refuse(
            "length",
            f"{number!r} has {len(number)} characters; a document number has 1 to {LENGTH_MAX}.",
            field,
        )
    if number[0] in "0/-":
        _refuse(
            "first_character", f"{number!r} starts with {number[0]!r}; use a letter or 1-9.", field
        )
    if not NUMBER.fullmatch(number):
        _refuse("characters", f"{number!r}: only letters A-Z, digits, / and - are allowed.", field)


def _filled(pattern: str, *, fy: str, seq: int) -> str:
    def digits(found: re.Match[str]) -> str:
        return f"{seq:0{found[1] or 1}d}"

    return _SEQUENCE.sub(digits, pattern.replace("{fy}", fy[2:]))


def _refuse(rule: str, detail: str, field: str) -> None:
    raise NumberFormatWrong(detail, field=field, rule=rule)
