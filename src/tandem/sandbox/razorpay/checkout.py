"""The hosted checkout: a page of its own or a frame that checkout.js opens over the shop's page.

No money and no real card: it offers the vendor's test credentials and says so.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.params import FromPath, URLEncodedBody

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.razorpay import links, orders, payments
from tandem.sandbox.razorpay.outcomes import CARDS, FAILING_CARDS, outcome_of
from tandem.sandbox.razorpay.refusals import RazorpayRefusal

HERE = Path(__file__).parent / "pages"
PASSED_ON = ("key_id", "name", "description", "email", "contact", "callback_url", "is_framed")
NOTHING_PASSED = dict.fromkeys(PASSED_ON, "")
LENGTH_MAX = 500
CONTENT_SECURITY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "form-action *; base-uri 'none'"
)
"""Shops on any port of this machine frame the page and are posted back to: neither is limited."""

ASSETS = {
    "checkout.css": "text/css",
    "frame.js": "text/javascript",
}

templates = Environment(
    loader=FileSystemLoader(HERE),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

Form = URLEncodedBody[Mapping[str, str]]


class CheckoutController(Controller):
    path = "/razorpay"

    @get("/v1/checkout.js", media_type="text/javascript")
    async def load_script(self) -> Response[str]:
        return _asset("checkout.js", "text/javascript")

    @get("/checkout-assets/{name:str}")
    async def load_asset(self, name: FromPath[str]) -> Response[str]:
        if name not in ASSETS:
            return Response("", status_code=404, media_type=MediaType.TEXT)
        return _asset(name, ASSETS[name])

    @get("/checkout/{order_id:str}")
    async def show_checkout(
        self,
        order_id: FromPath[str],
        request: Request[Any, Any, Any],
        deps: NamedDependency[Dependencies],
    ) -> Response[str]:
        passed = {name: request.query_params.get(name, "")[:LENGTH_MAX] for name in PASSED_ON}
        return _form(deps, order_id, passed)

    @get("/links/{link_id:str}")
    async def show_link(
        self, link_id: FromPath[str], deps: NamedDependency[Dependencies]
    ) -> Response[str]:
        """Where a payment link leads, and what a scanned QR code would open."""
        return _link(deps, link_id)

    @post("/links/{link_id:str}", status_code=200)
    async def pay_link(
        self, link_id: FromPath[str], deps: NamedDependency[Dependencies]
    ) -> Response[str]:
        """Pay all that is left of it."""
        try:
            links.pay(deps, link_id, None)
        except RazorpayRefusal as refusal:
            description = refusal.body["error"]["description"]
            return _page("gone.html", NOTHING_PASSED, status=409, reason=description)
        return _link(deps, link_id)

    @post("/checkout/{order_id:str}/payments", status_code=200)
    async def pay(
        self,
        order_id: FromPath[str],
        data: Form,
        request: Request[Any, Any, Any],
        deps: NamedDependency[Dependencies],
    ) -> Response[Any]:
        """Try to pay. A browser gets the next page; a script that accepts JSON gets what
        checkout.js would hand to the shop, or the error it would tell."""
        passed = {name: data.get(name, "")[:LENGTH_MAX] for name in PASSED_ON}
        try:
            outcome = outcome_of(data)
            payment = payments.attempt(
                deps, order_id, outcome, email=passed["email"], contact=passed["contact"]
            )
        except RazorpayRefusal as refusal:
            error = refusal.body["error"]
            if _wants_json(request):
                return Response(refusal.body, status_code=refusal.status)
            return _form(deps, order_id, passed, error=error)
        if payment["status"] == "failed":
            error = _error_of(payment)
            if _wants_json(request):
                return Response({"error": error}, status_code=400)
            return _form(deps, order_id, passed, error=error)
        paid = _signed(deps, payment)
        if _wants_json(request):
            return Response(paid)
        is_lost = deps.faults.take("razorpay", order_id, {"callback_lost"}) is not None
        return _page("paid.html", passed, paid={} if is_lost else paid, payment=payment)


def _link(deps: Dependencies, link_id: str) -> Response[str]:
    try:
        link = links.get_one(deps, link_id)
    except RazorpayRefusal:
        return _page("gone.html", NOTHING_PASSED, status=404, reason="There is no such link.")
    paid = link["payments_amount_received"] if link_id.startswith("qr_") else link["amount_paid"]
    whole = link["payment_amount"] if link_id.startswith("qr_") else link["amount"]
    return _page("link.html", NOTHING_PASSED, link=link, left=whole - paid)


def _form(
    deps: Dependencies,
    order_id: str,
    passed: Mapping[str, str],
    error: Mapping[str, Any] | None = None,
) -> Response[str]:
    try:
        order = orders.get_order(deps, order_id)
    except RazorpayRefusal:
        return _page("gone.html", passed, status=404, reason="There is no such order.")
    if passed["key_id"] and passed["key_id"] != deps.settings.razorpay_key_id:
        return _page("gone.html", passed, status=400, reason="The key is not this account's.")
    if order["status"] == "paid":
        return _page("gone.html", passed, reason="This order is already paid.")
    return _page(
        "checkout.html",
        passed,
        order=order,
        error=error,
        error_json=json.dumps(error) if error else "",
        cards=CARDS,
        failing_cards=FAILING_CARDS,
    )


def _signed(deps: Dependencies, payment: Mapping[str, Any]) -> dict[str, str]:
    message = f"{payment['order_id']}|{payment['id']}".encode()
    secret = deps.settings.razorpay_key_secret.encode()
    return {
        "razorpay_payment_id": payment["id"],
        "razorpay_order_id": payment["order_id"],
        "razorpay_signature": hmac.new(secret, message, hashlib.sha256).hexdigest(),
    }


def _error_of(payment: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "code": payment["error_code"],
        "description": payment["error_description"],
        "source": payment["error_source"],
        "step": payment["error_step"],
        "reason": payment["error_reason"],
        "metadata": {"payment_id": payment["id"], "order_id": payment["order_id"]},
    }


def _wants_json(request: Request[Any, Any, Any]) -> bool:
    return request.headers.get("accept", "").startswith("application/json")


def _asset(name: str, media_type: str) -> Response[str]:
    return Response(
        (HERE / name).read_text(),
        media_type=media_type,
        headers={"cache-control": "no-cache", "x-content-type-options": "nosniff"},
    )


def _page(
    template: str, passed: Mapping[str, str], *, status: int = 200, **context: Any
) -> Response[str]:
    shop = (
        passed
        if urlsplit(passed["callback_url"]).scheme in {"http", "https"}
        else {
            **passed,
            "callback_url": "",
        }
    )
    return Response(
        templates.get_template(template).render(passed=shop, amount=_amount, **context),
        status_code=status,
        media_type=MediaType.HTML,
        headers={
            "content-security-policy": CONTENT_SECURITY,
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
            "cache-control": "no-store",
        },
    )


def _amount(minor: int, currency: str) -> str:
    """`₹1,23,456.00` for rupees, as India groups digits."""
    digits = {"JPY": 0, "KWD": 3, "BHD": 3}.get(currency, 2)
    whole, rest = divmod(minor, 10**digits)
    decimals = f".{rest:0{digits}d}" if digits else ""
    if currency != "INR":
        return f"{currency} {whole:,}{decimals}"
    text = str(whole)
    head, tail = text[:-3], text[-3:]
    groups: list[str] = []
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    return f"₹{','.join([*groups, tail])}{decimals}"
