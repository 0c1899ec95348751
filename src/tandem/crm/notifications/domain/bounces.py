"""Hard or soft: whether a bounce says something of the address, or of the moment.

Enhanced status codes (RFC 3463): 5.1.x and 5.2.1 name the address; a full mailbox (x.2.2), size,
policy and spam (5.3.4, 5.7.x) pass or are about the letter, whatever digit they begin with.
"""

import re
from collections.abc import Mapping

HARD = frozenset({"1.0", "1.1", "1.2", "1.3", "1.4", "1.6", "1.10", "2.1", "4.4", "0.0"})
"""Class and detail of a 5.x.y that is about the address: unknown user or host, disabled, moved, or
nothing more said than "no" for ever."""
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])(4\d\d|5\d\d)(?![\d.])")
WORDS: Mapping[str, bool] = {
    r"user unknown|unknown user|no such (user|mailbox|recipient|address)|does not exist": True,
    r"mailbox (unavailable|not found)|invalid (recipient|mailbox)|recipient rejected": True,
    r"account (has been )?(disabled|deactivated|closed|suspended)|not a known user": True,
    r"does ?n.t have an? .{0,60}account|no mailbox here|not listed in": True,
    r"host (or domain name )?not found|domain .{0,40}(does not exist|not found)|no mx": True,
    r"mailbox (is )?full|over ?quota|quota exceeded|insufficient (system )?storage": False,
    r"spam|blocked|blacklist|block ?list|reputation|policy|dmarc|spf|dkim|rate limit": False,
    r"too (large|big)|message size|greylist|try again|temporar|deferred": False,
}
"""Where there is no status that says it: what the words say. The soft ones are looked at first, as
`550 spam` has the number of an unknown user."""


def is_hard(status: str, diagnostic: str) -> bool:
    """`status` as in `5.1.1`, or empty; `diagnostic` as the server said it."""
    code = _STATUS.search(status) or _STATUS.search(diagnostic)
    by_words = _by_words(diagnostic)
    if code is not None:
        if code[1] != "5":
            return False
        if code[2] == "0" or code[2] == "7":
            return by_words if by_words is not None else code[2] == "0"
        return f"{code[2]}.{code[3]}" in HARD or (by_words is True and code[2] in {"1", "4"})
    if by_words is not None:
        return by_words
    reply = _REPLY.search(diagnostic)
    return reply is not None and reply[1] in {"550", "551", "553"}


def _by_words(diagnostic: str) -> bool | None:
    said = diagnostic.casefold()
    matches = [value for pattern, value in WORDS.items() if re.search(pattern, said)]
    return None if not matches else all(matches)
