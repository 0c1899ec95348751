"""One delivery at the desk: who carries it, how it stands, and what a dispatcher may do."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath

from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid
from tandem.kernel.http import Now, Transaction
from tandem.scm.delivery import service as delivery_service
from tandem.scm.delivery.domain.deliveries import Delivery
from tandem.scm.delivery.domain.proofs import ProofKind
from tandem.scm.delivery.domain.statuses import BEFORE_PICKUP, FAILURES, WAITING, Status
from tandem.scm.delivery.service.desk import crew
from tandem.web.console.forms import NO_PROBLEM, Problem
from tandem.web.dispatch.board import business_day, is_late
from tandem.web.dispatch.pages import AnyRequest, act, desk
from tandem.web.dispatch.scenes import Scene, scene_of_delivery

REASON_LENGTH_MAX = 290
BY_HAND = frozenset(Status) - {Status.ASSIGNED, Status.OFFERED, Status.REATTEMPT_SCHEDULED}
"""What a dispatcher may write by hand; the others have their own forms."""
Doing = Callable[[dict[str, str]], Awaitable[str]]


class DeliveryPanel(Controller):
    path = "/dispatch/deliveries/{delivery_id:uuid}"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, delivery_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        return await _show(request, tx, delivery_id, now)

    @get("/scene")
    async def scene(self, delivery_id: FromPath[UUID], tx: Transaction, now: Now) -> Scene:
        delivery = await delivery_service.get_delivery(tx, delivery_id)
        return await scene_of_delivery(tx, delivery, today=await business_day(tx, now), now=now)

    @post("/assignment")
    async def assign(
        self, request: AnyRequest, delivery_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        """To the driver chosen, or with `auto` to the nearest one."""

        async def do(form: dict[str, str]) -> str:
            driver_id = None if form.get("auto") else _id(form.get("driver_id", ""), "driver_id")
            delivery = await delivery_service.assign(tx, delivery_id, driver_id=driver_id, now=now)
            assert delivery.driver_id, "what is assigned has a driver"
            driver = await delivery_service.get_driver(tx, delivery.driver_id)
            return f"{delivery.order_number} goes with {driver.name}."

        return await _act(request, tx, delivery_id, now, do)

    @post("/unassignment")
    async def unassign(
        self, request: AnyRequest, delivery_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        async def do(_: dict[str, str]) -> str:
            found = await delivery_service.unassign(tx, delivery_id, reason="", now=now)
            return f"{found.order_number} waits for a driver again."

        return await _act(request, tx, delivery_id, now, do)

    @post("/reattempt")
    async def reattempt(
        self, request: AnyRequest, delivery_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        async def do(form: dict[str, str]) -> str:
            on = _day(form.get("on", ""))
            if on is not None and on < await business_day(tx, now):
                raise Invalid("Choose today or a day to come.", field="on")
            found = await delivery_service.schedule_reattempt(
                tx, delivery_id, on=on, reason=_reason(form), now=now
            )
            return f"Another try is planned for {found.order_number}."

        return await _act(request, tx, delivery_id, now, do, form="reattempt")

    @post("/cancellation")
    async def cancel(
        self, request: AnyRequest, delivery_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        async def do(form: dict[str, str]) -> str:
            found = await delivery_service.cancel(tx, delivery_id, reason=_reason(form), now=now)
            return f"The delivery of {found.order_number} is cancelled."

        return await _act(request, tx, delivery_id, now, do, form="cancel")

    @post("/status")
    async def set_status(
        self, request: AnyRequest, delivery_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        """By hand, along the table of moves and with a reason."""

        async def do(form: dict[str, str]) -> str:
            found = await delivery_service.set_status(
                tx,
                delivery_id,
                status=_status(form.get("status", "")),
                reason=_why(form),
                now=now,
            )
            return f"{found.order_number} is now: {found.status.replace('_', ' ')}."

        return await _act(request, tx, delivery_id, now, do, form="status")

    @post("/proofs")
    async def set_proofs(
        self, request: AnyRequest, delivery_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        async def do(form: dict[str, str]) -> str:
            kinds = [kind for kind in ProofKind if form.get(f"proof_{kind}")]
            found = await delivery_service.set_proof_policy(
                tx, delivery_id, kinds=kinds, reason=_reason(form), now=now
            )
            return f"What {found.order_number} needs at the door is changed."

        return await _act(request, tx, delivery_id, now, do, form="proofs")

    @post("/door-code")
    async def send_code(
        self, request: AnyRequest, delivery_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        async def do(_: dict[str, str]) -> str:
            await delivery_service.send_again(tx, delivery_id, now=now)
            return "The door code is sent to the buyer again."

        return await _act(request, tx, delivery_id, now, do)

    @post("/tracking-link")
    async def renew_link(
        self, request: AnyRequest, delivery_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        async def do(_: dict[str, str]) -> str:
            await delivery_service.renew_link(tx, delivery_id, now=now)
            return "The old tracking link no longer works."

        return await _act(request, tx, delivery_id, now, do)


async def _act(
    request: AnyRequest, tx: Tx, delivery_id: UUID, now: datetime, do: Doing, *, form: str = ""
) -> Response[Any]:
    async def again(problem: Problem, status: int) -> Response[Any]:
        return await _show(request, tx, delivery_id, now, problem=problem, status=status)

    return await act(request, f"/dispatch/deliveries/{delivery_id}", do, again, form=form)


async def _show(
    request: AnyRequest,
    tx: Tx,
    delivery_id: UUID,
    now: datetime,
    *,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    whole = await delivery_service.whole(tx, delivery_id, now=now)
    delivery = whole.delivery
    return desk(
        request,
        "delivery",
        scene=f"/dispatch/deliveries/{delivery_id}/scene",
        whole=whole,
        delivery=delivery,
        is_late=is_late(delivery, await business_day(tx, now)),
        crew=await crew(tx) if _can_be_given(delivery) else [],
        can_be_given=_can_be_given(delivery),
        by_hand=[each for each in whole.allowed if each in BY_HAND],
        failures=FAILURES,
        track_link=f"{request.app.state.settings.base_url}/track/{delivery.public_token}",
        today=await business_day(tx, now),
        problem=problem,
        status=status,
    )


def _can_be_given(delivery: Delivery) -> bool:
    return delivery.status in WAITING | BEFORE_PICKUP


def _reason(form: dict[str, str]) -> str:
    return form.get("reason", "")[:REASON_LENGTH_MAX]


def _why(form: dict[str, str]) -> str:
    """A failure starts with its code, a note may follow."""
    code, note = form.get("failure", ""), _reason(form)
    if form.get("status") != Status.FAILED or code not in FAILURES:
        return note
    return f"{code}: {note}" if note else code


def _status(value: str) -> Status:
    try:
        return Status(value)
    except ValueError as reason:
        raise Invalid("Choose a status.", field="status") from reason


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError as reason:
        raise Invalid("Give a day such as 2026-11-24.", field="on") from reason


def _id(value: str, field: str) -> UUID:
    try:
        return UUID(value)
    except ValueError as reason:
        raise Invalid("Choose a driver.", field=field) from reason
