"""The composition root: which gateways serve which ports, and every handler, job and flow known.

Web and worker import this alike, so that whoever publishes an event knows all its subscribers.
"""

import importlib
import pkgutil
from typing import Any

import tandem.crm
import tandem.flows
import tandem.scm
from tandem.app.sealed import ring_of
from tandem.app.settings import Settings
from tandem.crm.identity.gateways.oidc import OpenIdGateway
from tandem.crm.notifications.gateways.callbacks import Notices
from tandem.crm.notifications.gateways.carriers import Carriers
from tandem.crm.notifications.gateways.port import Mailer, Refused, Site, Texter
from tandem.crm.notifications.gateways.port import TryLater as NotTaken
from tandem.crm.notifications.gateways.smtp import SmtpMailer
from tandem.crm.notifications.gateways.twilio import TwilioTexter
from tandem.flows.quotes.paper import PublicSite
from tandem.kernel import secrets
from tandem.kernel.blobs import Blobs
from tandem.kernel.guard import Guard
from tandem.kernel.names import DnsNames, Names
from tandem.kernel.outbound import OutcomeUnknown
from tandem.kernel.resources import Resources
from tandem.sandbox.city import build_city
from tandem.scm.delivery.gateways.google import GoogleGeocoder, GoogleRoutes
from tandem.scm.delivery.gateways.locator import Geocoder, Locator
from tandem.scm.delivery.gateways.planner import RoutePlanner, RouteSource
from tandem.scm.delivery.gateways.streets import StreetGeocoder, StreetRoutes
from tandem.scm.payments.gateways.port import GatewayRefused, PaymentGateway, TryLater
from tandem.scm.payments.gateways.razorpay import RazorpayGateway
from tandem.scm.support.gateways.jira import JiraClients, JiraDoor, OwnAddress
from tandem.scm.support.gateways.scanner import ClamdScanner, Scanner
from tandem.web.maps import StreetMap

REACTING = ("handlers", "jobs")
OVER_HTTP = "tandem.flows.http."


def import_reactions() -> None:
    """Import every service's handlers and jobs and every flow: importing registers them.

    What is only asked over HTTP registers nothing, and the worker has no use for a web framework.
    """
    for half in (tandem.scm, tandem.crm):
        for service in pkgutil.iter_modules(half.__path__, f"{half.__name__}."):
            for name in _modules_of(service.name):
                importlib.import_module(name)
    importlib.import_module("tandem.app.housekeeping")
    for flow in pkgutil.walk_packages(tandem.flows.__path__, "tandem.flows."):
        if not flow.name.startswith(OVER_HTTP):
            importlib.import_module(flow.name)


def _modules_of(service: str) -> list[str]:
    package = importlib.import_module(service)
    return [
        f"{service}.{module.name}"
        for module in pkgutil.iter_modules(package.__path__)
        if module.name in REACTING
    ]


def resources_of(settings: Settings) -> Resources:
    """Gateways by port. Each service's construction stands in its own lines below."""
    secrets.hold(ring_of(settings))
    held = Resources()
    held.add(Settings, settings)
    held.add(Blobs, Blobs(settings.blobs_url))
    guard = Guard(settings.outbound_networks.replace(",", " ").split())
    held.add(Guard, guard)
    # identity
    held.add(OpenIdGateway, OpenIdGateway(guard))
    # payments
    held.add(PaymentGateway, _razorpay(settings))
    # delivery
    held.add(RoutePlanner, _route_planner(settings))
    held.add(Locator, _locator(settings))
    # support
    held.add(JiraDoor, JiraClients())
    held.add(Scanner, ClamdScanner(settings.clamd_url))
    held.add(OwnAddress, OwnAddress(base_url=settings.base_url))
    # quotes
    held.add(PublicSite, PublicSite(settings.base_url))
    # notifications
    held.add(Mailer, SmtpMailer(settings.smtp_url, sender=settings.mail_from))
    held.add(Texter, _texter(settings))
    held.add(Site, Site(base_url=settings.base_url, place=settings.place))
    held.add(Carriers, _carriers(settings, guard))
    held.add(Notices, Notices(sandbox_url=settings.sandbox_url))
    # marketing
    held.add(Names, DnsNames())
    # maps
    held.add(StreetMap, DemoStreets(settings))
    return held


class DemoStreets:
    """The generated city, where stand-ins serve; a real installation never shows it as a map."""

    def __init__(self, settings: Settings) -> None:
        self._is_shown = settings.is_sandbox

    def to_map(self) -> dict[str, Any] | None:
        return build_city().to_map() if self._is_shown else None


def _route_planner(settings: Settings) -> RoutePlanner:
    """Google where there is a key, the demo streets where stand-ins serve, else the crow."""
    sources: list[RouteSource] = []
    if settings.google_maps_server_key:
        sources.append(
            GoogleRoutes(base_url=settings.google_routes_url, key=settings.google_maps_server_key)
        )
    if settings.is_sandbox:
        sources.append(StreetRoutes(build_city, "city"))
    return RoutePlanner(sources)


def _locator(settings: Settings) -> Locator:
    geocoders: list[Geocoder] = []
    if settings.is_sandbox:
        geocoders.append(StreetGeocoder(build_city))
    if settings.google_maps_server_key:
        geocoders.append(
            GoogleGeocoder(base_url=settings.google_maps_url, key=settings.google_maps_server_key)
        )
    return Locator(geocoders)


def _razorpay(settings: Settings) -> RazorpayGateway:
    return RazorpayGateway(
        key_id=settings.razorpay_key_id,
        key_secret=settings.razorpay_key_secret,
        webhook_secret=settings.razorpay_webhook_secret,
        webhook_secret_previous=settings.razorpay_webhook_secret_previous,
        base_url=settings.razorpay_base_url,
        script_url=settings.razorpay_checkout_url,
        return_base_url=settings.base_url,
        is_capture_automatic=settings.razorpay_capture == "automatic",
    )


def _carriers(settings: Settings, guard: Guard) -> Carriers:
    return Carriers(
        guard,
        sandbox_url=settings.sandbox_url,
        sandbox_smtp_url=settings.smtp_url if settings.is_sandbox else "",
        callback_base=settings.base_url if _is_reachable(settings) else "",
    )


def _is_reachable(settings: Settings) -> bool:
    """Reports are asked for only where providers can reach us: stand-ins, or a public host."""
    return settings.base_url.startswith("https://") or settings.is_sandbox


def _texter(settings: Settings) -> TwilioTexter:
    return TwilioTexter(
        base_url=settings.sms_base_url,
        account_sid=settings.sms_account_sid,
        auth_token=settings.sms_auth_token,
        sender=settings.sms_from,
        callback_base=settings.base_url if _is_reachable(settings) else "",
    )


async def check_providers(settings: Settings) -> list[str]:
    """What `doctor --live` finds wrong with the configured providers, one line each."""
    return [*await _check_razorpay(settings), *await _check_messages(settings)]


async def _check_messages(settings: Settings) -> list[str]:
    mailer = SmtpMailer(settings.smtp_url, sender=settings.mail_from)
    texter = _texter(settings)
    wrong = []
    for name, check in (("smtp", mailer.check), ("sms", texter.check)):
        try:
            await check()
        except (Refused, NotTaken, OutcomeUnknown) as reason:
            wrong.append(f"{name}: {reason}")
    await texter.close()
    return wrong


async def _check_razorpay(settings: Settings) -> list[str]:
    gateway = _razorpay(settings)
    try:
        await gateway.check()
    except (GatewayRefused, TryLater, OutcomeUnknown) as reason:
        return [f"razorpay: {reason}"]
    finally:
        await gateway.close()
    return []
