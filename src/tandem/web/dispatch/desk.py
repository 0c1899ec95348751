"""The desk as it opens: every vehicle on the map, every open delivery in the order of urgency."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from litestar import Controller, Response, get, post

from tandem.kernel.db import Tx
from tandem.kernel.http import Now, Transaction
from tandem.scm.delivery import service as delivery_service
from tandem.scm.delivery.domain.deliveries import NobodyAvailable
from tandem.scm.delivery.service.desk import read_desk
from tandem.web.console.forms import NO_PROBLEM, Problem
from tandem.web.dispatch.board import board_of, business_day
from tandem.web.dispatch.pages import AnyRequest, act, desk
from tandem.web.dispatch.scenes import Scene, scene_of_all

LIMIT = 100
LIMIT_ALL = 1_000
NUMBER_LENGTH_MAX = 60


class DeskPage(Controller):
    path = "/dispatch"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        return await _show(request, tx, now)

    @get("/scene")
    async def scene(self, tx: Transaction, now: Now) -> Scene:
        return await scene_of_all(tx, today=await business_day(tx, now), now=now)

    @get("/search")
    async def search(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """An order's or a shipment's number, open or not."""
        asked = request.query_params.get("number", "")
        number = "".join(each for each in asked if each.isprintable()).strip()[:NUMBER_LENGTH_MAX]
        found = (await delivery_service.list_deliveries(tx, number=number, limit=1)).items
        if found:
            to = f"/dispatch/deliveries/{found[0].id}"
        else:
            to = f"/dispatch?{urlencode({'missed': number})}" if number else "/dispatch"
        return Response(None, status_code=303, headers={"location": to})

    @post("/assignments")
    async def assign_all(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """Everything that waits goes to the nearest driver with room."""

        async def do(_: dict[str, str]) -> str:
            return await _assign_all(tx, now)

        async def again(problem: Problem, status: int) -> Response[Any]:
            return await _show(request, tx, now, problem=problem, status=status)

        return await act(request, "/dispatch", do, again)


async def _assign_all(tx: Tx, now: datetime) -> str:
    board = board_of(await read_desk(tx, limit=LIMIT), today=await business_day(tx, now))
    given = 0
    for delivery in board.waiting:
        try:
            await delivery_service.assign(tx, delivery.id, driver_id=None, now=now)
        except NobodyAvailable:
            if not given:
                raise
            break
        given += 1
    left = len(board.waiting) - given
    if not board.waiting:
        return "Nothing waits for a driver."
    parcels = "1 delivery is" if given == 1 else f"{given} deliveries are"
    return f"{parcels} assigned." if not left else f"{parcels} assigned; {left} found no driver."


async def _show(
    request: AnyRequest, tx: Tx, now: datetime, *, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    is_all = request.query_params.get("all") == "true"
    found = await read_desk(tx, limit=LIMIT_ALL if is_all else LIMIT)
    missed = request.query_params.get("missed", "")[:NUMBER_LENGTH_MAX]
    return desk(
        request,
        "list",
        scene="/dispatch/scene",
        board=board_of(found, today=await business_day(tx, now)),
        missed=missed,
        problem=problem,
        status=status,
    )
