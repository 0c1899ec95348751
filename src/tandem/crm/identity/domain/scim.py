"""SCIM 2.0 resources (RFC 7643), as much of them as means something here. Pure."""

import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field
from scim2_models import (
    CaseExact,
    ComplexAttribute,
    Meta,
    Mutability,
    Reference,
    Required,
    Resource,
    Uniqueness,
)
from scim2_models.resources.user import Name
from scim2_models.urn import URN

if TYPE_CHECKING:
    from scim2_models import User

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")


class GroupOfUser(ComplexAttribute):
    value: Annotated[str | None, Mutability.read_only] = None
    display: Annotated[str | None, Mutability.read_only] = None


class Email(ComplexAttribute):
    """Any address that a mail server may know; the library's own takes public ones only."""

    value: str | None = None
    type: str | None = None
    primary: bool | None = None


class ScimUser(Resource[Any]):
    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Required.true, Uniqueness.server] = None
    display_name: str | None = None
    name: Name | None = None
    title: str | None = None
    active: bool | None = None
    emails: list[Email] | None = None
    groups: Annotated[list[GroupOfUser] | None, Mutability.read_only] = None


class Member(ComplexAttribute):
    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    ref: Annotated[Reference["User"] | None, Mutability.immutable] = Field(  # type: ignore[type-arg]
        None, serialization_alias="$ref", validation_alias="$ref"
    )


class ScimGroup(Resource[Any]):
    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true] = None
    members: list[Member] | None = None


def address_of(user: ScimUser) -> str | None:
    """What somebody signs in with: the user name when it is an address, else their first one."""
    listed = sorted(user.emails or [], key=lambda email: not email.primary)
    candidates = [user.user_name, *(email.value for email in listed)]
    for found in candidates:
        if found and _ADDRESS.fullmatch(found) and len(found) <= 254:
            return found.strip().lower()
    return None


def name_of(user: ScimUser) -> str:
    """At most 100 characters, never empty."""
    named = user.name
    parts = [named.given_name, named.family_name] if named else []
    candidates = (
        user.display_name,
        named.formatted if named else None,
        " ".join(part for part in parts if part),
        user.user_name,
    )
    found = next((each.strip() for each in candidates if each and each.strip()), "Somebody")
    return "".join(character for character in found if character.isprintable())[:100] or "Somebody"


def meta_of(kind: str, resource_id: str, base_url: str, created: Any, updated: Any) -> Meta:
    return Meta(
        resource_type=kind,
        created=created,
        last_modified=updated,
        location=f"{base_url}/scim/v2/{kind}s/{resource_id}",
    )
