"""Segments: the list, building one with a live count, who is in it and why."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.segments import NewSegment, Preview, Segment, SegmentChange
from tandem.kernel.company import moment_of
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Now, Transaction, check_if_match
from tandem.kernel.ids import parse_id
from tandem.kernel.rules import Explanation, Vocabulary, describe, read
from tandem.web.console.forms import NO_PROBLEM, Problem, convert, problem_of, read_form
from tandem.web.console.segment_rules import Row, rows_of_form, rows_of_rule, rule_of_form
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
WORDS: Mapping[str, str] = {"name": "Give the segment a name, 80 letters at most."}


class SegmentsPage(Controller):
    path = "/segments"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        words = await customers.words(tx)
        found = await customers.list_segments(tx)
        shown = [(one, _said(one, words)) for one in found]
        return page(request, "console/segments.html", segments=shown)

    @get("/new")
    async def new(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        tx.actor.require("customers.segment")
        return await _builder(request, tx, form={"kind": "dynamic"})

    @post("/draft")
    async def draft(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """The builder with what was chosen so far, and whom it finds; saves nothing."""
        form = await read_form(request)
        problem, found = NO_PROBLEM, None
        if rows_of_form(form) or form.get("json"):
            try:
                rule = rule_of_form(form, await customers.words(tx))
                found = await customers.preview(tx, rule, await moment_of(tx, now))
            except Refusal as refusal:
                problem = problem_of(refusal, form)
        return await _builder(request, tx, form=form, problem=problem, found=found)

    @post()
    async def save(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            segment = await _save(tx, form, now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await _builder(request, tx, form=form, problem=problem, status=refusal.status)
        to = f"/segments/{segment.id}"
        return redirect(request, to, toast=f"{segment.name} is saved.", link=to)


class SegmentPage(Controller):
    path = "/segments/{segment_id:uuid}"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, segment_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        segment = await customers.get_segment(tx, segment_id)
        cursor = request.query_params.get("cursor") or None
        who = parse_id(request.query_params.get("who", ""))
        why: Explanation | None = None
        if who and segment.kind == "dynamic":
            why = await customers.explain(tx, segment_id, who, await moment_of(tx, now))
        return page(
            request,
            "console/segment.html",
            segment=segment,
            said=_said(segment, await customers.words(tx)),
            members=await customers.list_segment_members(tx, segment_id, limit=50, cursor=cursor),
            person=await customers.get_customer(tx, who) if who else None,
            why=why,
        )

    @get("/edit")
    async def edit(
        self, request: AnyRequest, segment_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        tx.actor.require("customers.segment")
        return await _builder(
            request, tx, form=_form_of(await customers.get_segment(tx, segment_id))
        )

    @post("/members")
    async def add_member(
        self, request: AnyRequest, segment_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        """Somebody by number, phone or e-mail onto a list kept by hand."""
        form = await read_form(request)
        segment = await customers.lock_segment(tx, segment_id)
        found = await customers.list_customers(tx, text=form.get("person", "")[:100], limit=2)
        to = f"/segments/{segment_id}"
        if len(found.items) != 1:
            said = "Several people fit: give the number." if found.items else "Nobody fits that."
            return redirect(request, to, toast=said)
        person = found.items[0]
        added = await customers.add_to_segment(tx, segment, [person.id], now=now)
        said = "is on the list." if added else "was on the list already."
        return redirect(request, to, toast=f"{person.name} {said}")

    @post("/members/{customer_id:uuid}/removal")
    async def remove_member(
        self,
        request: AnyRequest,
        segment_id: FromPath[UUID],
        customer_id: FromPath[UUID],
        tx: Transaction,
        now: Now,
    ) -> Response[Any]:
        segment = await customers.lock_segment(tx, segment_id)
        await customers.remove_from_segment(tx, segment, [customer_id], now=now)
        return redirect(request, f"/segments/{segment_id}", toast="They are off the list.")

    @post("/retirement")
    async def retire(
        self, request: AnyRequest, segment_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        segment = await customers.lock_segment(tx, segment_id)
        await customers.change_segment(tx, segment, SegmentChange(is_retired=True), now=now)
        return redirect(request, "/segments", toast=f"{segment.name} is retired.")


async def _save(tx: Tx, form: Mapping[str, str], now: datetime) -> Segment:
    is_dynamic = form.get("kind") != "static"
    rule = rule_of_form(form, await customers.words(tx)) if is_dynamic else None
    given = {"name": form.get("name", ""), "description": form.get("description", "")}
    if known := parse_id(form.get("id", "")):
        segment = await customers.lock_segment(tx, known)
        check_if_match(form.get("version"), segment.version)
        rule_given = {"rule": rule} if is_dynamic else {}
        change = convert(given | rule_given, SegmentChange, WORDS)
        return await customers.change_segment(tx, segment, change, now=now)
    return await customers.add_segment(
        tx, convert(given | {"rule": rule}, NewSegment, WORDS), now=now
    )


async def _builder(
    request: AnyRequest,
    tx: Tx,
    *,
    form: Mapping[str, str],
    problem: Problem = NO_PROBLEM,
    found: Preview | None = None,
    status: int = 200,
) -> Response[Any]:
    words = await customers.words(tx)
    rows = rows_of_form(form)
    return page(
        request,
        "console/segment_form.html",
        status=status,
        form=form,
        rows=[*rows, Row()],
        words=words,
        problem=problem,
        found=found,
    )


def _form_of(segment: Segment) -> dict[str, str]:
    form = {
        "id": str(segment.id),
        "version": str(segment.version),
        "name": segment.name,
        "description": segment.description,
        "kind": segment.kind,
    }
    shown = rows_of_rule(segment.rule)
    if shown is None:
        text = msgspec.json.format(msgspec.json.encode(segment.rule)).decode()
        return form | ({"json": text} if segment.rule else {})
    match, rows = shown
    for place, row in enumerate(rows):
        form |= {f"{name}_{place}": value for name, value in msgspec.structs.asdict(row).items()}
    return form | {"match": match}


def _said(segment: Segment, words: Vocabulary) -> str:
    if segment.rule is None:
        return "A list kept by hand"
    try:
        return describe(read(segment.rule, words), words).removeprefix("(").removesuffix(")")
    except Refusal as reason:
        return f"Its rule cannot be read any more: {reason.detail}"
