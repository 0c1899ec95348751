"""E-mail addresses and phone numbers in the one form in which they can be compared."""

import functools
import re

from tandem.kernel.errors import Invalid

REGION = "IN"
EMAIL_LENGTH_MAX = 254

FILLERS = str.maketrans("", "", " -")
_INDIAN_MOBILE = re.compile(r"(?:\+91|0)?([6-9][0-9]{9})")
"""What nearly every order brings; the whole world's numbering plans take 50 times as long."""
_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f.]+(\.[^@\s\x00-\x1f\x7f.]+)+")


class EmailWrong(Invalid):
    code = "email_wrong"


class PhoneWrong(Invalid):
    code = "phone_wrong"


def normal_email(text: str, *, field: str = "email") -> str:
    """Lower case, without surrounding blanks. Whether it exists only a message can tell."""
    email = text.strip().lower()
    if len(email) > EMAIL_LENGTH_MAX or not _EMAIL.fullmatch(email):
        raise EmailWrong(f"{text.strip()[:80]!r} is not an e-mail address.", field=field)
    return email


def normal_phone(text: str, *, field: str = "phone") -> str:
    """E.164 (`+919876543210`); a number without country code is Indian.

    The length decides, not the operator's ranges: those change faster than any table of them.
    """
    if mobile := _INDIAN_MOBILE.fullmatch(text.translate(FILLERS)):
        return f"+91{mobile[1]}"
    import phonenumbers  # 3 MB, for the first number that is not an Indian mobile

    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise PhoneWrong(
            f"{text.strip()[:40]!r} is not a phone number; write it with its country code, "
            "as in +91 98765 43210.",
            field=field,
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@functools.lru_cache(maxsize=4096)
def spoken_phone(phone: str) -> str:
    """As it is read out: `+91 98450 10003`. What is no number stays as it is."""
    import phonenumbers

    try:
        number = phonenumbers.parse(phone, REGION)
    except phonenumbers.NumberParseException:
        return phone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
