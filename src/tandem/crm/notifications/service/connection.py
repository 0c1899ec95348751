"""Is the way out open, with the keys we have?"""

from tandem.crm.notifications.domain.messages import Channel
from tandem.crm.notifications.gateways.port import Mailer, Refused, Texter, TryLater
from tandem.kernel.outbound import OutcomeUnknown
from tandem.kernel.resources import Resources


async def check_connection(resources: Resources, channel: Channel) -> str:
    """Ask for real, sending nothing: empty when it answers, else its reason.

    A network call: never with a transaction open.
    """
    way: Mailer | Texter
    way = resources.get(Mailer) if channel is Channel.EMAIL else resources.get(Texter)
    try:
        await way.check()
    except (Refused, TryLater, OutcomeUnknown) as reason:
        return str(reason) or type(reason).__name__
    return ""
