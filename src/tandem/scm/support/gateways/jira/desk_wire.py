"""The service desk's JSON, as far as we read it, and what it means."""

from typing import Any

import msgspec

from tandem.scm.support.domain.jira_link import Approval, Request
from tandem.scm.support.domain.jira_remote import CreateField, RequestForm
from tandem.scm.support.gateways.jira.wire import WirePerson, WireSchema

PENDING = "pending"
TEXT_MAX = 200
RATING_NOTE_MAX = 1_000


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


class WireRequestStatus(msgspec.Struct):
    status: str = ""


class WireRequest(msgspec.Struct):
    currentStatus: WireRequestStatus = msgspec.field(  # noqa: N815 - the vendor's name
        default_factory=WireRequestStatus
    )


class WireApprover(msgspec.Struct):
    approver: WirePerson = msgspec.field(default_factory=WirePerson)
    approverDecision: str = ""  # noqa: N815 - the vendor's name


class WireApproval(msgspec.Struct):
    name: str = ""
    finalDecision: str = ""  # noqa: N815 - the vendor's name
    approvers: list[WireApprover] = []


class WireApprovals(msgspec.Struct):
    values: list[WireApproval] = []


class WireWords(msgspec.Struct):
    body: str = ""


class WireFeedback(msgspec.Struct):
    rating: int | None = None
    comment: WireWords | None = None


def request_of(wire: WireRequest, approvals: list[WireApproval], feedback: WireFeedback) -> Request:
    """Only what is still to be decided; a rating that is none counts as not given."""
    is_rated = feedback.rating is not None and 1 <= feedback.rating <= 5
    words = feedback.comment.body if feedback.comment else ""
    return Request(
        status=wire.currentStatus.status.replace("\x00", "")[:TEXT_MAX],
        approvals=[_approval_of(one) for one in approvals if one.finalDecision == PENDING],
        rating=feedback.rating if is_rated else None,
        rating_note=words.replace("\x00", "")[:RATING_NOTE_MAX] if is_rated else "",
    )


def _approval_of(wire: WireApproval) -> Approval:
    names = [
        one.approver.displayName[:TEXT_MAX].replace("\x00", "")
        for one in wire.approvers
        if one.approverDecision == PENDING
    ]
    return Approval(name=wire.name.replace("\x00", "")[:TEXT_MAX], waits_for=names)


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
