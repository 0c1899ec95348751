"""The e-mail vendors' ways in: what they check, and what they answer."""

import base64
import hmac
from email.utils import parseaddr
from typing import Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath

from tandem.sandbox.carriers import letters, signing
from tandem.sandbox.carriers.letters import Letter
from tandem.sandbox.carriers.telling import outcome_of, tell
from tandem.sandbox.dependencies import Dependencies

Answer = Response[dict[str, Any]]
AnyRequest = Request[Any, Any, Any]


def is_known(key: str) -> bool:
    """Any key will do but none, and those that begin with `wrong`."""
    return bool(key) and not key.startswith("wrong")


def accept(deps: Dependencies, vendor: str, *, recipient: str, ours: str, letter_id: str) -> None:
    letter = Letter(vendor=vendor, id=letter_id, ours=ours, recipient=recipient)
    letters.keep_letter(deps, letter)
    tell(deps, letter, outcome_of(recipient))


async def body_of(request: AnyRequest) -> dict[str, Any]:
    try:
        read = msgspec.json.decode(await request.body())
    except msgspec.DecodeError:
        return {}
    return read if isinstance(read, dict) else {}


class SendGridController(Controller):
    path = "/sendgrid/v3"

    @post("/mail/send", status_code=202)
    async def send(self, request: AnyRequest, deps: NamedDependency[Dependencies]) -> Answer:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not is_known(key):
            return _errors(401, "The provided authorization grant is invalid, expired, or revoked")
        body = await body_of(request)
        people = body.get("personalizations") or []
        if not people or not body.get("from") or not body.get("content"):
            return _errors(400, "The personalizations field is required and must have at least one")
        letter_id = letters.new_id("sendgrid")
        recipient = str(people[0]["to"][0]["email"])
        content = {part["type"]: part["value"] for part in body["content"]}
        letters.put_mail(
            deps,
            sender=f"{body['from'].get('name', '')} <{body['from']['email']}>",
            recipient=recipient,
            subject=str(body.get("subject", "")),
            text=content.get("text/plain", ""),
            html=content.get("text/html"),
            headers=list(body.get("headers", {}).items()),
            provider_id=letter_id,
        )
        ours = str(people[0].get("custom_args", {}).get("tandem_message", ""))
        accept(deps, "sendgrid", recipient=recipient, ours=ours, letter_id=letter_id)
        return Response({}, status_code=202, headers={"x-message-id": letter_id})

    @get("/scopes")
    async def scopes(self, request: AnyRequest) -> Answer:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        return Response({"scopes": ["mail.send"]}) if is_known(key) else _errors(401, "denied")


class MailgunController(Controller):
    path = "/mailgun"

    @post("/v3/{domain:str}/messages.mime", status_code=200)
    async def send(
        self, domain: FromPath[str], request: AnyRequest, deps: NamedDependency[Dependencies]
    ) -> Answer:
        if not is_known(_password(request)):
            return Response({"message": "Forbidden"}, status_code=401)
        form = await request.form()
        recipient, part = str(form.get("to", "")), form.get("message")
        if not recipient or not isinstance(part, UploadFile):
            return Response({"message": "to parameter is missing"}, status_code=400)
        raw = await part.read()
        ours = letters.put_raw_mail(deps, raw=raw, recipient=recipient, provider_id=domain)
        letter_id = f"{ours}@{domain}"
        named = str(form.get("v:tandem_message", ""))
        accept(deps, "mailgun", recipient=recipient, ours=named, letter_id=letter_id)
        return Response({"id": f"<{letter_id}>", "message": "Queued. Thank you."})

    @get("/v4/domains/{domain:str}")
    async def domain(self, domain: FromPath[str], request: AnyRequest) -> Answer:
        is_good = is_known(_password(request))
        return Response({"domain": {"name": domain}}, status_code=200 if is_good else 401)


class PostmarkController(Controller):
    path = "/postmark"

    @post("/email", status_code=200)
    async def send(self, request: AnyRequest, deps: NamedDependency[Dependencies]) -> Answer:
        if not is_known(request.headers.get("x-postmark-server-token", "")):
            return Response(
                {"ErrorCode": 10, "Message": "Bad or missing Server API token."}, status_code=401
            )
        body = await body_of(request)
        recipient = parseaddr(str(body.get("To", "")))[1]
        if not recipient:
            return Response({"ErrorCode": 300, "Message": "Invalid 'To' address."}, status_code=422)
        letter_id = letters.new_id("postmark")
        letters.put_mail(
            deps,
            sender=str(body.get("From", "")),
            recipient=recipient,
            subject=str(body.get("Subject", "")),
            text=str(body.get("TextBody", "")),
            html=body.get("HtmlBody"),
            headers=[(one["Name"], one["Value"]) for one in body.get("Headers", [])],
            provider_id=letter_id,
        )
        ours = str(body.get("Metadata", {}).get("tandem_message", ""))
        accept(deps, "postmark", recipient=recipient, ours=ours, letter_id=letter_id)
        return Response({"To": recipient, "MessageID": letter_id, "ErrorCode": 0, "Message": "OK"})

    @get("/server")
    async def server(self, request: AnyRequest) -> Answer:
        is_good = is_known(request.headers.get("x-postmark-server-token", ""))
        return Response({"Name": "Sandbox"}, status_code=200 if is_good else 401)


class SesController(Controller):
    path = "/ses"

    @post("/v2/email/outbound-emails", status_code=200)
    async def send(self, request: AnyRequest, deps: NamedDependency[Dependencies]) -> Answer:
        if refusal := _unsigned(request):
            return refusal
        body = await body_of(request)
        try:
            raw = base64.b64decode(body["Content"]["Raw"]["Data"])
            recipient = str(body["Destination"]["ToAddresses"][0])
        except (KeyError, IndexError, ValueError):
            return Response({"message": "Missing final '@domain'"}, status_code=400)
        letter_id = letters.new_id("ses")
        letters.put_raw_mail(deps, raw=raw, recipient=recipient, provider_id=letter_id)
        tags = {tag["Name"]: tag["Value"] for tag in body.get("EmailTags", [])}
        ours = str(tags.get("tandem_message", ""))
        accept(deps, "ses", recipient=recipient, ours=ours, letter_id=letter_id)
        return Response({"MessageId": letter_id})

    @get("/v2/email/account")
    async def account(self, request: AnyRequest) -> Answer:
        return _unsigned(request) or Response({"SendingEnabled": True})

    @get("/SimpleNotificationService.pem")
    async def certificate(self) -> Response[bytes]:
        return Response(signing.sns_certificate(), media_type="application/x-pem-file")

    @get("/")
    async def confirm(self) -> Response[bytes]:
        """SNS's answer to a visited SubscribeURL."""
        return Response(b"<ConfirmSubscriptionResponse/>", media_type="text/xml")


MailControllers = [SendGridController, MailgunController, PostmarkController, SesController]


def _errors(status: int, message: str) -> Answer:
    return Response({"errors": [{"message": message, "field": None}]}, status_code=status)


def _password(request: AnyRequest) -> str:
    _, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return ""
    return password if hmac.compare_digest(name, "api") else ""


def _unsigned(request: AnyRequest) -> Answer | None:
    """The form of the signature is looked at, and the key's name: `WRONG…` is unknown."""
    header = request.headers.get("authorization", "")
    is_formed = header.startswith("AWS4-HMAC-SHA256 Credential=") and "Signature=" in header
    if not is_formed or "Credential=WRONG" in header:
        message = "The security token included in the request is invalid."
        return Response({"message": message}, status_code=403)
    return None
