"""Words that carriers ask everybody to obey: STOP, START and HELP in a message to us. Pure.

As the CTIA's Messaging Principles and Twilio's opt-out keywords have them, alone in a message,
however they are written. YES is no START here: it answers other questions too.
"""

import re
from collections.abc import Mapping
from typing import Literal

Keyword = Literal["stop", "start", "help"]

WORDS: Mapping[str, Keyword] = {
    **dict.fromkeys(("stop", "stopall", "unsubscribe", "cancel", "end", "quit"), "stop"),
    **dict.fromkeys(("optout", "revoke", "stoppromotions"), "stop"),
    **dict.fromkeys(("start", "unstop", "optin", "subscribe"), "start"),
    **dict.fromkeys(("help", "info"), "help"),
}
SIGNS = re.compile(r"[\s\-_.!'\"’“”]+")
LENGTH_MAX = 40


def keyword_of(text: str) -> Keyword | None:
    """None for whatever says more than one of the words."""
    if len(text) > LENGTH_MAX:
        return None
    return WORDS.get(SIGNS.sub("", text).casefold())
