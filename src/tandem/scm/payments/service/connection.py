"""Is the gateway there, with the keys we have?"""

from tandem.kernel.outbound import OutcomeUnknown
from tandem.kernel.resources import Resources
from tandem.scm.payments.gateways.port import GatewayRefused, PaymentGateway, TryLater


async def check_connection(resources: Resources) -> str:
    """Ask for real, changing nothing: empty when it answers, else its reason.

    A network call: never with a transaction open.
    """
    gateway: PaymentGateway = resources.get(PaymentGateway)
    try:
        await gateway.check()
    except (GatewayRefused, TryLater, OutcomeUnknown) as reason:
        return str(reason) or type(reason).__name__
    return ""
