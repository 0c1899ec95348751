"""MSG91's delivery reports: a form whose `data` is JSON (v2), or JSON itself (v3, v4); and what
somebody sends to the company's number, as JSON with a number and its words."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

from tandem.crm.notifications.domain.reports.report import (
    Inbound,
    Malformed,
    Report,
    Unreadable,
    What,
    digest,
    each,
    parsed,
    text_of,
)

STATUSES: Mapping[str, What] = {
    "1": What.DELIVERED,
    "2": What.FAILED,
    "3": What.DELIVERED,
    "5": What.ACCEPTED,
    "8": What.SENT,
    "9": What.FAILED,
    "16": What.FAILED,
    "17": What.FAILED,
    "25": What.FAILED,
    "26": What.DELIVERED,
}
"""1, 3, 26 delivered; 2 failed; 5 pending; 8 submitted; 9 NDNC; 16, 25 rejected; 17 blocked."""


SAID = ("content", "message", "text")
NUMBER = re.compile(r"[1-9]\d{6,14}")
WITHIN_INDIA = 10
FROM = ("sender", "number", "mobile", "from")
"""Which field has the words, and which the number, is chosen where the address is entered."""


def read_msg91(body: bytes) -> list[Report | Malformed | Inbound]:
    found = parsed(body)
    if found is None:
        data = parse_qs(body.decode("utf-8", "replace")).get("data", [""])[0]
        found = parsed(data.encode())
    return each(list(_flat(found)), _read)


def _flat(found: Any) -> Iterator[Any]:
    """One item for each number; a request may have gone to many."""
    for entry in found if isinstance(found, list) else [found]:
        if isinstance(entry, dict) and isinstance(entry.get("report"), list):
            for line in entry["report"]:
                yield (
                    {**line, "requestId": entry.get("requestId")}
                    if isinstance(line, dict)
                    else line
                )
        else:
            yield entry


def _read(line: Mapping[str, Any]) -> Report | Inbound | None:
    if "status" not in line and any(name in line for name in SAID):
        return _heard(line)
    request_id = text_of(line.get("requestId") or line.get("request_id"), 100)
    if not request_id:
        raise KeyError("requestId")
    status = str(line["status"])
    what = STATUSES.get(status)
    if what is None:
        return None
    number = text_of(line.get("number") or line.get("telNum"), 30)
    return Report(
        key=f"{request_id}:{number}:{status}"[:100],
        what=what,
        at=None,
        provider_message_id=request_id,
        recipient=number if number.startswith("+") else f"+{number}",
        detail=f"MSG91 {status}: {text_of(line.get('desc') or line.get('failureReason'))}",
    )


def _heard(line: Mapping[str, Any]) -> Inbound:
    named = (text_of(line.get(name), 20).removeprefix("+") for name in FROM)
    number = next((one for one in named if NUMBER.fullmatch(one)), None)
    if number is None:
        raise Unreadable("nobody's number")
    return Inbound(
        key=f"heard:{digest(line)}",
        phone=f"+91{number}" if len(number) == WITHIN_INDIA else f"+{number}",
        text=text_of(next(line[name] for name in SAID if name in line), 200),
    )
