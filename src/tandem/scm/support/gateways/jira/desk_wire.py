"""The service desk's JSON, as far as we read it, and what it means."""

from typing import Any

import msgspec

from tandem.scm.support.domain.jira_remote import CreateField, RequestForm
from tandem.scm.support.gateways.jira.wire import WirePerson, WireSchema


class WireCustomer(WirePerson):
    emailAddress: str = ""  # noqa: N815 - the vendor's name
    name: str = ""


class WireCustomers(msgspec.Struct):
    values: list[WireCustomer] = []


class WireRequestField(msgspec.Struct):
    fieldId: str  # noqa: N815 - the vendor's name
    name: str = ""
    required: bool = False
    validValues: list[dict[str, Any]] = []  # noqa: N815 - the vendor's name
    defaultValues: list[Any] = []  # noqa: N815 - the vendor's name
    jiraSchema: WireSchema = msgspec.field(default_factory=WireSchema)  # noqa: N815


class WireRequestForm(msgspec.Struct):
    requestTypeFields: list[WireRequestField] = []  # noqa: N815 - the vendor's name
    canRaiseOnBehalfOf: bool = False  # noqa: N815 - the vendor's name


def form_of(wire: WireRequestForm) -> RequestForm:
    return RequestForm(
        fields=[_field_of(one) for one in wire.requestTypeFields],
        may_name_customer=wire.canRaiseOnBehalfOf,
    )


def _field_of(wire: WireRequestField) -> CreateField:
    return CreateField(
        id=wire.fieldId,
        name=wire.name,
        is_required=wire.required and not wire.defaultValues,
        kind=wire.jiraSchema.type,
        options={str(one.get("value", "")): str(one.get("label", "")) for one in wire.validValues},
    )
