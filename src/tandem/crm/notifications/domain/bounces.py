"""Hard or soft: whether a bounce says something of the address, or of the moment.

Enhanced status codes (RFC 3463): 5.1.x and 5.2.1 name the address; a full mailbox (x.2.2), size,
policy and spam (5.3.4, 5.7.x) pass or are about the letter, whatever digit they begin with.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

IN_A_ROW = 5
SPREAD_OVER = timedelta(days=3)
"""A full mailbox is empty again tomorrow; one that nobody has emptied for so long belongs to nobody
who reads it."""
TAKEN_AFTER = timedelta(days=1)
"""Servers that cannot take a letter after all say so within a day or so; silence is a delivery."""

HARD = frozenset({"1.0", "1.1", "1.2", "1.3", "1.4", "1.6", "1.10", "2.1", "4.4", "0.0"})
"""Class and detail of a 5.x.y that is about the address: unknown user or host, disabled, moved, or
nothing more said than "no" for ever."""
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])(4\d\d|5\d\d)(?![\d.])")
WORDS: Mapping[str, bool] = {
    r"(user|addressee|recipient|account|mailbox)( is| was)? (unknown|not (known|found))": True,
    r"unknown (user|addressee|recipient|account|local.?part)|not a known user": True,
    r"no such (user|mailbox|recipient|address)|(do|does) (not|n.t) exist|doesn.t exist": True,
    r"not our customer|no mailbox (found|here|by)|not (currently )?listed in": True,
    r"mailbox (unavailable|not found)|recipient rejected|invalid .{0,20}userid": True,
    r"(invalid|bad|unknown) (recipient|mailbox|address)|could ?(not|n.t) be found": True,
    r"recipient name is not recogni[sz]ed|does ?n.t have an? .{0,60}account": True,
    r"(account|mailbox|user) .{0,40}(disabled|deactivated|closed|suspended)": True,
    r"host (or domain name )?(not found|unknown)|unknown host|no mx|unrouteable": True,
    r"domain .{0,40}(does not exist|not found)": True,
    r"(mailbox|quota|folder).{0,20}(full|exceed|violat)|over.?quota": False,
    r"(disk|exceed.{0,40}) quota": False,
    r"insufficient (system |disk )?(storage|space)|zuviele mails": False,
    r"spam|junk|virus|blocked|blacklist|block ?list|reputation|rate limit": False,
    r"policy|dmarc|spf|dkim|requires? confirmation": False,
    r"relay(ing)?( access)? (denied|not|prohibited)|permitted to relay|rcpthosts|as a relay": False,
    r"too (large|big)|(max|maximum) message|message size|greylist|try again": False,
    r"temporar|deferred|too many hops|looping|service (is )?(currently )?(un|not )available": False,
    r"name (service|server) error|malformed": False,
}
"""Where there is no status that says it: what the words say. The soft ones are looked at first, as
`550 spam` has the number of an unknown user."""


def is_hard(status: str, diagnostic: str) -> bool:
    """`status` as in `5.1.1`, or empty; `diagnostic` as the server said it."""
    code = _STATUS.search(status) or _STATUS.search(diagnostic)
    said = by_words(f"{status} {diagnostic}")
    if code is not None:
        if code[1] != "5":
            return False
        if code[2] == "0" or code[2] == "7":
            return said if said is not None else code[2] == "0"
        is_named = f"{code[2]}.{code[3]}" in HARD and not (code[2] == "4" and said is False)
        return is_named or (said is True and code[2] in {"1", "3", "4"})
    if said is not None:
        return said
    reply = _REPLY.search(diagnostic)
    return reply is not None and reply[1] in {"550", "551", "553"}


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a message to an address ended, and when it had been handed over."""

    is_soft: bool
    at: datetime


def is_given_up(ended: Sequence[Ended]) -> bool:
    """So many soft bounces in a row, over days, and nothing taken in between. `ended` are the last
    ones to one address, newest first."""
    row = ended[:IN_A_ROW]
    if len(row) < IN_A_ROW or not all(one.is_soft for one in row):
        return False
    return row[0].at - row[-1].at >= SPREAD_OVER


def by_words(diagnostic: str) -> bool | None:
    """Hard or soft by its words alone; None where they say neither."""
    said = diagnostic.casefold()
    matches = [value for pattern, value in WORDS.items() if re.search(pattern, said)]
    return None if not matches else all(matches)
