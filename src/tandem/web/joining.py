"""The page that an invitation's link opens."""

from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.invitations import InvitationGone, InvitationView
from tandem.kernel.errors import Refusal
from tandem.kernel.http import PUBLIC, Now, Store, limited
from tandem.kernel.limits import Limit
from tandem.web.rendering import page

AnyRequest = Request[Any, Any, Any]
ANSWERING = {
    **PUBLIC,
    **limited(Limit(name="invitation_pages", count=30, seconds=60)),
    "door": True,
}


class Joining(Controller):
    path = "/invitations/{token:str}"
    include_in_schema = False

    @get(opt=ANSWERING)
    async def show(
        self, request: AnyRequest, token: FromPath[str], database: Store, now: Now
    ) -> Response[Any]:
        try:
            invited = await identity.read_invitation(database, token, now=now)
        except InvitationGone as refusal:
            return _shown(request, None, refusal)
        return _shown(request, invited, None)

    @post(opt=ANSWERING, status_code=200)
    async def accept(
        self, request: AnyRequest, token: FromPath[str], database: Store, now: Now
    ) -> Response[Any]:
        """They are a member then, and sign in as everybody does."""
        form = await request.form()
        name = str(form.get("name", "")).strip()[:100]
        invited: InvitationView | None = None
        try:
            invited = await identity.read_invitation(database, token, now=now)
            user = await identity.accept_invitation(
                database,
                token,
                name=name,
                password=str(form.get("password", ""))[:257] or None,
                now=now,
            )
        except Refusal as refusal:
            return _shown(request, invited, refusal, name)
        return page(request, "door/joined.html", company=invited.company_name, email=user.email)


def _shown(
    request: AnyRequest, invited: InvitationView | None, refusal: Refusal | None, name: str = ""
) -> Response[Any]:
    status = refusal.status if refusal else 200
    return page(
        request,
        "door/invitation.html",
        status=status,
        invited=invited,
        refusal=refusal,
        name=name or (invited.name if invited else ""),
    )
