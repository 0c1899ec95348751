"""The domain name system, as far as owning a name is shown in it: TXT records."""

from typing import Protocol

SECONDS_MAX = 5.0


class NamesUnanswered(Exception):
    """Nobody answered; that says nothing about the record."""


class Names(Protocol):
    async def texts(self, name: str) -> list[str]:
        """The TXT records of a name, none where there is none. Raises NamesUnanswered."""


class DnsNames:
    """Asks the resolvers of the machine."""

    async def texts(self, name: str) -> list[str]:
        import dns.asyncresolver  # a hundred modules, for the first name that is looked up
        import dns.exception
        import dns.resolver

        resolver = dns.asyncresolver.Resolver()
        resolver.lifetime = SECONDS_MAX
        try:
            answer = await resolver.resolve(name, "TXT")
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as reason:
            raise NamesUnanswered(str(reason)[:300]) from reason
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
