"""The organisation's own fields: the settings page, and their inputs in every form."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.custom_fields import (
    CustomField,
    CustomFieldChange,
    NewCustomField,
    from_text,
)
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Now, Transaction
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
KINDS = (
    ("text", "Text"),
    ("number", "Number"),
    ("flag", "Yes or no"),
    ("date", "Date"),
    ("choice", "One of some"),
    ("choices", "Several of some"),
)
TARGETS = (
    ("customer", "Customers"),
    ("account", "Accounts"),
    ("lead", "Leads"),
    ("opportunity", "Deals"),
)
WORDS: Mapping[str, str] = {
    "key": "Small letters, digits and _, beginning with a letter: loyalty_number.",
    "label": "Give the name that people see, 60 letters at most.",
    "options": "Give the options, one a line.",
}


class CustomFieldsPage(Controller):
    path = "/settings/fields"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _page(request, tx)

    @post()
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        options = [line.strip() for line in form.get("options", "").splitlines() if line.strip()]
        given = {
            "target": form.get("target", "customer"),
            "key": form.get("key", ""),
            "kind": form.get("kind", "text"),
            "label": form.get("label", ""),
            "options": options,
            "is_required": form.get("is_required") == "true",
            "is_unique": form.get("is_unique") == "true",
        }
        try:
            field = await customers.add_field(tx, convert(given, NewCustomField, WORDS), now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form, form="add")
            return await _page(request, tx, problem=problem, status=refusal.status)
        return redirect(request, "/settings/fields", toast=f"{field.label} is a field now.")

    @post("/{field_id:uuid}/retirement")
    async def retire(
        self, request: AnyRequest, field_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        change = CustomFieldChange(is_retired=form.get("is_retired") == "true")
        field = await customers.change_field(tx, field_id, change, now=now)
        said = "is retired; its values stay." if field.retired_at else "is in use again."
        return redirect(request, "/settings/fields", toast=f"{field.label} {said}")


async def _page(
    request: AnyRequest, tx: Tx, *, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    fields = await customers.list_fields(tx)
    return page(
        request,
        "console/settings/fields.html",
        status=status,
        fields=[field for field in fields if field.target in dict(TARGETS)],
        kinds=KINDS,
        targets=TARGETS,
        problem=problem,
    )


async def live_fields(tx: Tx, target: str) -> list[CustomField]:
    fields = await customers.list_fields(tx, target)
    return [field for field in fields if field.retired_at is None]


def read_custom_inputs(form: Mapping[str, str], fields: Sequence[CustomField]) -> dict[str, Any]:
    """What the form's own fields say; an emptied one takes its value away."""
    return {
        field.key: from_text(field, form[f"custom_{field.key}"])
        for field in fields
        if f"custom_{field.key}" in form
    }


def custom_values(custom: Mapping[str, Any]) -> dict[str, str]:
    """Values as the inputs show them."""
    return {f"custom_{key}": _shown(value) for key, value in custom.items()}


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "; ".join(value) if isinstance(value, list) else str(value)
