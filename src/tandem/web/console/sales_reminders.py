"""Settings: who is reminded of quotes and deals that wait."""

from typing import Any

from litestar import Controller, Request, Response, get, post

from tandem.crm.sales.domain.reminding import Reminders
from tandem.crm.sales.service import reminding
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.http import Now, Transaction
from tandem.web.console.forms import NO_PROBLEM, Problem, problem_of, read_form, whole_of
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
HOME = "/settings/sales-reminders"
DAYS_MAX = 60


class SalesRemindersPage(Controller):
    path = HOME
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        return await _page(request, tx)

    @post()
    async def save(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            to = Reminders(
                buyer_days=_days(form, "buyer_days"),
                owner_days=_days(form, "owner_days"),
                tells_rotting="tells_rotting" in form,
            )
            await reminding.change_reminders(tx, to, now=now)
        except Refusal as refusal:
            return await _page(request, tx, problem_of(refusal, form), refusal.status)
        return redirect(request, HOME, toast="The reminders are saved.")


def _days(form: dict[str, str], field: str) -> int | None:
    typed = form.get(field, "").strip()
    return whole_of(typed, field=field, least=1, most=DAYS_MAX) if typed else None


async def _page(
    request: AnyRequest, tx: Tx, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    return page(
        request,
        "console/settings/sales_reminders.html",
        status=status,
        reminders=await reminding.get_reminders(tx),
        problem=problem,
    )
