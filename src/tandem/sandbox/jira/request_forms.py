"""What a request type asks for, and what its form will not take."""

from collections.abc import Mapping
from typing import Any

from tandem.sandbox.jira import site
from tandem.sandbox.jira.refusals import JiraRefusal
from tandem.sandbox.jira.site import Project, RequestType


def find_type(project: Project, type_id: str) -> RequestType | None:
    return next((one for one in project.request_types if one.id == type_id), None)


def form_json(kind: RequestType) -> dict[str, Any]:
    return {
        "requestTypeFields": [
            _field(name, is_required=name in kind.required) for name in kind.fields
        ],
        "canRaiseOnBehalfOf": True,
        "canAddRequestParticipants": True,
    }


def check(kind: RequestType, fields: Mapping[str, Any]) -> None:
    """Refuses by name: the form knows nothing but its own fields."""
    errors = {
        name: f"Field '{name}' is not valid for this request type."
        for name in fields
        if name not in kind.fields
    }
    for name in kind.required:
        if not fields.get(name):
            errors[name] = f"{site.FIELDS[name].name} is required."
    if errors:
        raise JiraRefusal("Your request could not be created.", errors=errors)


def _field(name: str, *, is_required: bool) -> dict[str, Any]:
    field = site.FIELDS[name]
    return {
        "fieldId": name,
        "name": field.name,
        "description": "",
        "required": is_required,
        "visible": True,
        "defaultValues": [],
        "presetValues": [],
        "validValues": [
            {"value": one["id"], "label": one.get("value") or one.get("name"), "children": []}
            for one in field.allowed
        ],
        "jiraSchema": {"type": "string" if field.kind == "doc" else field.kind},
    }
