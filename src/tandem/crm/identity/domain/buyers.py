"""Buyers who signed in by code, and the shop they buy from."""

from uuid import UUID

import msgspec


class Company(msgspec.Struct, frozen=True):
    org_id: UUID
    name: str


class Buyer(msgspec.Struct, frozen=True):
    org_id: UUID
    customer_id: UUID


class Tried(msgspec.Struct, frozen=True):
    id: UUID
    customer_id: UUID | None
    code_hash: bytes | None
