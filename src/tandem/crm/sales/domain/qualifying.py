"""What a lead needs before it may stand in a status: fields filled in, and a list ticked off."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.leads import Lead, Mark
from tandem.crm.sales.domain.pipelines import PRINTABLE
from tandem.kernel.errors import Conflict, Invalid
from tandem.kernel.patterns import whole

STEPS_MAX = 30
FIELD_WORDS: Mapping[str, str] = {
    "name": "a name",
    "company_name": "a company",
    "job_title": "a job title",
    "email": "an e-mail",
    "phone": "a phone number",
    "website": "a website",
    "city": "a city",
    "country": "a country",
    "source": "a source",
    "description": "a description",
    "owner_id": "an owner",
}
"""Fields that a status may ask for, besides the company's own as `custom.<key>`."""

NeededField = Annotated[
    str, msgspec.Meta(pattern=whole(r"([a-z_]{3,20}|custom\.[a-z][a-z0-9_]{0,39})"), max_length=50)
]
StepText = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PRINTABLE)]


class StepDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step as somebody wants it. `id` names one that is there; without it, it is new."""

    text: StepText
    is_required: bool = True
    id: UUID | None = None


class NeedsDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a status asks of a lead."""

    required_fields: Annotated[list[NeededField], msgspec.Meta(max_length=30)] = []
    steps: Annotated[list[StepDraft], msgspec.Meta(max_length=STEPS_MAX)] = []


class Step(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    status_id: UUID
    text: str
    is_required: bool


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """Of one status, in the order in which the steps are gone through."""

    status_id: UUID
    required_fields: list[str] = []
    steps: list[Step] = []


class Ticked(msgspec.Struct, frozen=True, kw_only=True):
    """A step and, once it is ticked off, when and by whom."""

    step: Step
    at: datetime | None = None
    actor_label: str = ""


class Checklist(msgspec.Struct, frozen=True, kw_only=True):
    """How far a lead is on its way into a status; `missing` is what keeps it out, as field names
    and texts of steps."""

    status_id: UUID
    status_name: str
    kind: str
    fields: dict[str, bool] = {}
    steps: list[Ticked] = []
    missing: list[str] = []


class Ticks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The steps that are done, of any status; the others are open again."""

    step_ids: Annotated[list[UUID], msgspec.Meta(max_length=STEPS_MAX * 30)]


class Disqualification(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without a status, the first one that means lost."""

    reason: Mark
    status_id: UUID | None = None


class NotRecyclable(Conflict):
    """Only what is lost or qualified can be taken up again from the start."""

    code = "lead_not_recyclable"


def check_needs(draft: NeedsDraft, custom_keys: Sequence[str]) -> None:
    for field in draft.required_fields:
        key = field.removeprefix("custom.")
        if field not in FIELD_WORDS and not (field != key and key in custom_keys):
            raise Invalid(f"There is no field {field!r} of leads.", field="required_fields")
    texts = [step.text.strip().casefold() for step in draft.steps]
    if len(set(texts)) < len(texts):
        raise Invalid("Two steps say the same.", field="steps")


def is_filled(lead: Lead, field: str) -> bool:
    if field.startswith("custom."):
        return lead.custom.get(field.removeprefix("custom.")) not in (None, "", [])
    return getattr(lead, field) not in (None, "")


def check_entry(lead: Lead, status_name: str, needs: Needs, ticked: Mapping[UUID, object]) -> None:
    """Refuses with the first field, then the first step, that keeps the lead out."""
    for field in needs.required_fields:
        if not is_filled(lead, field):
            said = FIELD_WORDS.get(field, f"the field {field.removeprefix('custom.')!r}")
            raise Invalid(f"{status_name} needs {said}.", field=field)
    for step in needs.steps:
        if step.is_required and step.id not in ticked:
            raise Invalid(f"Tick off first: {step.text}", field="steps", step_id=str(step.id))
