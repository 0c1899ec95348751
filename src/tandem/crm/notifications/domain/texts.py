"""What fits into a text message: GSM 03.38 and its extension, or UCS-2."""

import re
import unicodedata

GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_TWICE = frozenset("^{}\\[~]|€\f")
SINGLE_GSM, JOINED_GSM = 160, 153
SINGLE_UCS2, JOINED_UCS2 = 70, 67
LAST_OF_UCS2 = 0xFFFF

PHONE = re.compile(r"\+[1-9]\d{6,14}")
EMAIL = re.compile(r"[^\s@<>\"(),:;\\\[\]]{1,64}@[^\s@<>\"(),:;\\\[\]]{1,190}")


def segments(body: str) -> int:
    """How many parts a text travels in, which is what it costs. A character that takes two places
    is never split between two parts."""
    if all(character in GSM or character in GSM_TWICE for character in body):
        places = [2 if character in GSM_TWICE else 1 for character in body]
        single, joined = SINGLE_GSM, JOINED_GSM
    else:
        places = [2 if ord(character) > LAST_OF_UCS2 else 1 for character in body]
        single, joined = SINGLE_UCS2, JOINED_UCS2
    if sum(places) <= single:
        return 1
    parts, room = 1, joined
    for taken in places:
        if taken > room:
            parts, room = parts + 1, joined
        room -= taken
    return parts


def one_line(value: str, longest: int) -> str:
    """Printable, on one line, cut with an ellipsis: safe in a header and in a text."""
    visible = "".join(
        " " if unicodedata.category(character) in {"Cc", "Zl", "Zp"} else character
        for character in value
    )
    flat = " ".join(visible.split())
    return flat if len(flat) <= longest else flat[: longest - 1].rstrip() + "…"


def is_phone(text: str) -> bool:
    """E.164."""
    return PHONE.fullmatch(text) is not None


def is_email(text: str) -> bool:
    return EMAIL.fullmatch(text) is not None and text.isprintable()
