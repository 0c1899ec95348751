"""The desk's frame around a panel, and where a form leads back to."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response
from litestar.datastructures import Cookie

from tandem.kernel.errors import Refusal
from tandem.web.console.forms import NO_PROBLEM, Problem, problem_of, read_form
from tandem.web.rendering import page

AnyRequest = Request[Any, Any, Any]
Doing = Callable[[dict[str, str]], Awaitable[str]]
Showing = Callable[[Problem, int], Awaitable[Response[Any]]]


def desk(
    request: AnyRequest,
    panel: str,
    *,
    scene: str,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
    **context: Any,
) -> Response[Any]:
    """The map with one panel beside it. `scene` is the address of what the map draws."""
    return page(
        request,
        "dispatch/desk.html",
        status=status,
        has_map=True,
        panel=f"dispatch/{panel}.html",
        scene=scene,
        problem=problem,
        **context,
    )


def back_to(to: str, said: str, *, link: str = "") -> Response[None]:
    """After a form, with a note that names what happened. A plain 303 also for htmx: it follows,
    and only the panel changes while the map goes on."""
    answer: Response[None] = Response(None, status_code=303, headers={"location": to})
    note = quote(msgspec.json.encode({"text": said, "href": link}).decode())
    answer.cookies.append(Cookie(key="tandem_toast", value=note, max_age=60, samesite="lax"))
    return answer


async def act(
    request: AnyRequest, to: str, do: Doing, show: Showing, *, form: str = ""
) -> Response[Any]:
    """Do it and go on; or show the panel again with the reason why not. `form` names the dialog
    that the form was in."""
    values = await read_form(request)
    try:
        said = await do(values)
    except Refusal as refusal:
        return await show(problem_of(refusal, values, form=form), refusal.status)
    return back_to(to, said)
