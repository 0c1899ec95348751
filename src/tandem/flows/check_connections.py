"""Does an outside system answer, with the keys we have? Asked for real, changing nothing there."""

from collections.abc import Awaitable, Callable, Mapping

from tandem.crm.notifications.gateways import port as messages
from tandem.kernel.errors import NotFound
from tandem.kernel.outbound import NotSent, OutcomeUnknown
from tandem.kernel.resources import Resources
from tandem.scm.delivery.gateways.google import GoogleGeocoder
from tandem.scm.delivery.gateways.planner import RouteUnavailable
from tandem.scm.payments import service as payments

NOES = (
    payments.GatewayRefused,
    payments.TryLater,
    messages.Refused,
    messages.TryLater,
    NotSent,
    OutcomeUnknown,
    RouteUnavailable,
)
PLACE = "Vidhana Soudha, Bengaluru, Karnataka 560001, India"


async def check_connection(resources: Resources, name: str) -> str:
    """Empty when it answers; else its reason, in its own words. NotFound for a strange name."""
    checks: Mapping[str, Callable[[], Awaitable[object]]] = {
        "razorpay": lambda: resources.get(payments.PaymentGateway).check(),
        "email": lambda: resources.get(messages.Mailer).check(),
        "sms": lambda: resources.get(messages.Texter).check(),
    }
    if name not in checks:
        raise NotFound("There is no such integration.")
    return await _answer(checks[name])


async def check_google(*, base_url: str, key: str) -> str:
    """The server key against the geocoder."""
    geocoder = GoogleGeocoder(base_url=base_url, key=key)
    try:
        return await _answer(lambda: geocoder.find(PLACE))
    finally:
        await geocoder.close()


async def _answer(check: Callable[[], Awaitable[object]]) -> str:
    try:
        await check()
    except NOES as reason:
        return str(reason) or type(reason).__name__
    return ""
