"""The link that signs a driver's phone in, as an address and as a code to scan."""

import io
from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec


class Pairing(msgspec.Struct, frozen=True, kw_only=True):
    """`svg` is the link as a QR code. `warning` says why a phone could not use it as it is."""

    link: str
    svg: str
    warning: str


def pairing_of(base_url: str, token: str) -> Pairing:
    """The token stands behind the `#`: a browser keeps that part to itself, so that it lies in no
    server's log and in no `Referer`."""
    import segno

    link = f"{base_url}/driver#device={token}"
    drawn = io.BytesIO()
    segno.make(link, error="m").save(
        drawn, kind="svg", xmldecl=False, svgns=True, border=2, scale=1, omitsize=True, light="#fff"
    )
    return Pairing(link=link, svg=drawn.getvalue().decode(), warning=_warning(base_url))


def _warning(base_url: str) -> str:
    address = urlsplit(base_url)
    if _is_loopback(address.hostname or ""):
        return (
            "This address works on this computer only. For a phone, set TANDEM_BASE_URL to an"
            " https:// address that it can reach."
        )
    if address.scheme != "https":
        return (
            "Without https:// a phone shows the page, but gives it no position, no camera and no"
            " offline copy."
        )
    return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
