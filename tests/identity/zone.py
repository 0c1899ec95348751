"""A domain name system that says what a test wrote into it."""

from collections.abc import Iterable

from tandem.crm.identity.domain.sso import Claim
from tandem.kernel.names import NamesUnanswered


class Zone:
    """`is_up` is False for one that never answers."""

    def __init__(self, claims: Iterable[Claim] = ()) -> None:
        self.records = {one.record_name: ["v=spf1 -all", one.record_text] for one in claims}
        self.is_up = True
        self.asked: list[str] = []

    async def texts(self, name: str) -> list[str]:
        self.asked.append(name)
        if not self.is_up:
            raise NamesUnanswered("time out")
        return self.records.get(name, [])
