"""Who tells the story: somebody with a browser, the shop's API and the stand-ins."""

import re
from collections.abc import Callable
from uuid import uuid4

import httpx2 as httpx

from tests.flows.life import Json, Life
from tests.waiting import until

BROWSER = {
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "accept": "text/html",
}
COMPANY = "Hill Stores"


class Teller:
    """Each step asserts what a person would look for. Everything it makes bears `mark`, so that it
    may be told again, and beside others."""

    def __init__(self, ready: Json, say: Callable[[str], None] = lambda _: None) -> None:
        self.life = Life(ready, say)
        self.say, self.call = self.life.say, self.life.call
        self.buyer = httpx.Client(base_url=ready["base_url"], headers=BROWSER, timeout=30)
        self.mark = uuid4().hex[:8]
        self.email = f"meera@hills-{self.mark}.example"
        self.company = f"{COMPANY} {self.mark}"
        self.phone = f"+9197{int(self.mark, 16) % 10**8:08}"

    def letter(self, has: re.Pattern[str]) -> Json:
        """The newest mail to the buyer with such a thing in it."""

        def came() -> Json | None:
            query = {"to": self.email, "kind": "email"}
            found = self.life.sandbox.get("/api/messages", params=query).json()
            return next((one for one in found if has.search(_whole(one))), None)

        return until(came, f"a mail with {has.pattern}")

    def decision(self, customer_id: str, action: str) -> Json | None:
        """What the send policy says of a promotion to them, if it says that."""
        asks = [{"channel": "email", "customer_id": customer_id}]
        answer = self.call("POST", "/v1/notifications/decisions", json={"asks": asks})
        found: Json = answer["decisions"][0]
        return found if found["action"] == action else None


def _whole(message: Json) -> str:
    return f"{message['subject']}\n{message['text']}"
