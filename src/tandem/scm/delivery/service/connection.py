"""Does Google answer, with the key we have?"""

from tandem.scm.delivery.gateways.google import GoogleGeocoder
from tandem.scm.delivery.gateways.planner import RouteUnavailable

PLACE = "Vidhana Soudha, Bengaluru, Karnataka 560001, India"


async def check_google(*, base_url: str, key: str) -> str:
    """Look an address up with the server key: empty when it answers, else its reason.

    A network call: never with a transaction open.
    """
    geocoder = GoogleGeocoder(base_url=base_url, key=key)
    try:
        await geocoder.find(PLACE)
    except RouteUnavailable as reason:
        return str(reason) or "It does not answer."
    finally:
        await geocoder.close()
    return ""
