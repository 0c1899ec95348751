"""A letter as a mail program that is set to dark shows it."""

import re

_DARK = re.compile(r"\(\s*prefers-color-scheme\s*:\s*dark\s*\)", re.IGNORECASE)
_HEAD_END = re.compile(r"</head\s*>", re.IGNORECASE)
_TURNED = (
    "<style>html{background:#fff;filter:invert(.92) hue-rotate(180deg)}"
    "img{filter:invert(1) hue-rotate(180deg)}</style>"
)


def darkened(html: str) -> str:
    """By its own dark styles where it has some; else with light and dark turned, pictures left as
    they are, which is what programs do to letters that say nothing."""
    if _DARK.search(html):
        return _DARK.sub("all", html)
    end = _HEAD_END.search(html)
    at = end.start() if end else 0
    return html[:at] + _TURNED + html[at:]
