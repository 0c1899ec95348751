"""How the kernel's inbox names what a company's own providers tell."""

from uuid import UUID

from tandem.crm.notifications.domain.providers import Kind

PREFIX = "carrier"


def inbox_name(kind: Kind, provider_id: UUID) -> str:
    return f"{PREFIX}:{kind}:{provider_id}"


def read_inbox_name(name: str) -> tuple[Kind, UUID] | None:
    prefix, _, rest = name.partition(":")
    kind, _, provider_id = rest.partition(":")
    return (Kind(kind), UUID(provider_id)) if prefix == PREFIX else None
