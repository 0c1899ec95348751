"""The gateway's routes."""

from collections.abc import Sequence
from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.faults import Target
from tandem.sandbox.sms import texts, twilio
from tandem.sandbox.sms.twilio import TwilioRefusal

PREFIX = "/sms"
OUTCOME_FAULTS = frozenset({"undelivered", "failed"})


def prepare(deps: Dependencies) -> None:
    deps.store.create(texts.DDL)
    deps.faults.declare(
        Target(
            name="sms",
            prefix=PREFIX,
            kinds=OUTCOME_FAULTS,
            error_body=twilio.fault_body,
            has_webhooks=True,
        )
    )
    deps.webhooks.declare("sms", sign=twilio.sign)


def routes() -> Sequence[ControllerRouterHandler]:
    return [TwilioController]


class TwilioController(Controller):
    path = f"{PREFIX}/{texts.API_VERSION}/Accounts/{{account:str}}"

    @post("/Messages.json")
    async def send_text(
        self,
        account: FromPath[str],
        request: Request[Any, Any, Any],
        deps: NamedDependency[Dependencies],
    ) -> Response[dict[str, Any]]:
        """Accept a text. The fault kinds `undelivered` and `failed` match the recipient's number
        and decide how the text ends."""
        try:
            _check_caller(deps, account, request)
            form = twilio.read_form(request.headers.get("content-type"), await request.body())
            draft = twilio.read_draft(form)
        except TwilioRefusal as refusal:
            return Response(refusal.body, status_code=refusal.status)
        fault = deps.faults.take("sms", draft.to, OUTCOME_FAULTS)
        text = texts.accept(deps, draft, outcome=fault.kind if fault else "delivered")
        return Response(texts.to_json(text, account=account, status="queued"), status_code=201)

    @get("/Messages.json")
    async def list_texts(
        self,
        account: FromPath[str],
        request: Request[Any, Any, Any],
        deps: NamedDependency[Dependencies],
    ) -> Response[dict[str, Any]]:
        """Texts newest first, narrowed by `To`; the first page only, of `PageSize`."""
        try:
            _check_caller(deps, account, request)
        except TwilioRefusal as refusal:
            return Response(refusal.body, status_code=refusal.status)
        asked = request.query_params.get("PageSize", "")
        size = min(int(asked), texts.PAGE_MAX) if asked.isdigit() else texts.PAGE_DEFAULT
        found = texts.list_texts(deps, to=request.query_params.get("To"), limit=size)
        listed = [texts.to_json(text, account=account, status=text.status) for text in found]
        return Response({"messages": listed, "page": 0, "page_size": size, "next_page_uri": None})

    @get("/Messages/{sid:str}")
    async def get_text(
        self,
        account: FromPath[str],
        sid: FromPath[str],
        request: Request[Any, Any, Any],
        deps: NamedDependency[Dependencies],
    ) -> Response[dict[str, Any]]:
        """One text by `<sid>.json`, with its present status."""
        try:
            _check_caller(deps, account, request)
            text = texts.find(deps, sid.removesuffix(".json"))
            if text is None:
                detail = f"The requested resource {request.url.path} was not found"
                raise TwilioRefusal(404, 20404, detail)
        except TwilioRefusal as refusal:
            return Response(refusal.body, status_code=refusal.status)
        return Response(texts.to_json(text, account=account, status=text.status))


def _check_caller(deps: Dependencies, account: str, request: Request[Any, Any, Any]) -> None:
    sid, token = deps.settings.sms_account_sid, deps.settings.sms_auth_token
    twilio.check_credentials(request.headers.get("authorization"), sid=sid, token=token)
    twilio.check_account(account, sid=sid)
