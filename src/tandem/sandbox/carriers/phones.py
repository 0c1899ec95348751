"""MSG91 and WhatsApp Cloud: what they check, and what they answer."""

import time
from typing import Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from tandem.sandbox.carriers import letters
from tandem.sandbox.carriers.accepting import Answer, AnyRequest, body_of, is_known
from tandem.sandbox.carriers.letters import Letter
from tandem.sandbox.carriers.telling import tell
from tandem.sandbox.dependencies import Dependencies

DAY_SECONDS = 24 * 3600


class Msg91Controller(Controller):
    path = "/msg91/api"

    @post("/v5/flow", status_code=200)
    async def send(self, request: AnyRequest, deps: NamedDependency[Dependencies]) -> Answer:
        """Says its refusals with 200, as MSG91 does."""
        if not is_known(request.headers.get("authkey", "")):
            return Response({"type": "error", "message": "Authentication failure", "code": "207"})
        body = await body_of(request)
        people = body.get("recipients") or []
        if not body.get("template_id") or not people:
            return Response({"type": "error", "message": "template id missing", "code": "400"})
        phone = f"+{people[0]['mobiles']}"
        values = [str(people[0][name]) for name in sorted(people[0]) if name.startswith("VAR")]
        shown = [body["template_id"], body.get("DLT_TE_ID", ""), body.get("PE_ID", ""), *values]
        letter_id = letters.new_id("msg91")
        letters.put_text(
            deps,
            sender=str(body.get("sender", "")),
            phone=phone,
            text=" | ".join(shown),
            provider_id=letter_id,
        )
        letter = Letter(vendor="msg91", id=letter_id, ours="", recipient=phone)
        letters.keep_letter(deps, letter)
        tell(deps, letter, "delivered")
        return Response({"type": "success", "message": letter_id})

    @get("/balance.php")
    async def balance(self, request: AnyRequest) -> Answer:
        if not is_known(request.headers.get("authkey", "")):
            return Response({"type": "error", "message": "Authentication failure", "code": "207"})
        return Response({"balance": 1000})


class WhatsAppController(Controller):
    path = "/whatsapp/{version:str}/{number:str}"

    @post("/messages", status_code=200)
    async def send(
        self,
        version: FromPath[str],
        number: FromPath[str],
        request: AnyRequest,
        deps: NamedDependency[Dependencies],
    ) -> Answer:
        if not is_known(request.headers.get("authorization", "").removeprefix("Bearer ")):
            return _error(401, 190, "Invalid OAuth access token.")
        body = await body_of(request)
        phone, kind = f"+{body.get('to', '')}", body.get("type")
        if body.get("messaging_product") != "whatsapp" or kind not in {"text", "template"}:
            return _error(400, 100, "Invalid parameter")
        letter_id = letters.new_id("whatsapp")
        ours = str(body.get("biz_opaque_callback_data", ""))
        letter = Letter(vendor="whatsapp", id=letter_id, ours=ours, recipient=phone)
        letters.keep_letter(deps, letter)
        if kind == "text" and not is_talking(deps, phone):
            tell(deps, letter, "failed")
        else:
            letters.put_text(
                deps, sender=number, phone=phone, text=_words(body), provider_id=letter_id
            )
            tell(deps, letter, "sent", after=0.1)
            tell(deps, letter, "delivered")
        return Response({"messaging_product": "whatsapp", "messages": [{"id": letter_id}]})

    @get("/")
    async def number(
        self, version: FromPath[str], number: FromPath[str], request: AnyRequest
    ) -> Answer:
        if not is_known(request.headers.get("authorization", "").removeprefix("Bearer ")):
            return _error(401, 190, "Invalid OAuth access token.")
        return Response({"display_phone_number": "+91 98000 00000", "id": number})


PhoneControllers = [Msg91Controller, WhatsAppController]


def talk(deps: Dependencies, phone: str) -> None:
    deps.store.run(
        "insert or replace into carrier_talk (phone, at) values (?, ?)", (phone, time.time())
    )


def is_talking(deps: Dependencies, phone: str) -> bool:
    row = deps.store.row("select at from carrier_talk where phone = ?", (phone,))
    return row is not None and time.time() - float(row["at"]) < DAY_SECONDS


def _words(body: dict[str, Any]) -> str:
    if body["type"] == "text":
        return str(body["text"]["body"])
    template = body["template"]
    values = [
        str(one["text"]) for part in template["components"] for one in part.get("parameters", [])
    ]
    return f"{template['name']} ({template['language']['code']}): {' | '.join(values)}"


def _error(status: int, code: int, message: str) -> Answer:
    return Response(
        {"error": {"message": message, "type": "OAuthException", "code": code}}, status_code=status
    )
