"""Who sells: what public pages say of the company, and whose clock they go by."""

import msgspec

from tandem.crm.identity import service as identity
from tandem.kernel.db import Tx
from tandem.scm.invoicing import service as invoicing


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """`call` and `mail` are addresses for links; empty where the company gave none. `zone` is the
    IANA name that times on its pages are in."""

    name: str
    phone: str
    call: str
    mail: str
    zone: str


async def find_company(tx: Tx) -> Company:
    """Under the name that buyers know it by, if it gave one."""
    known = await identity.get_organisation(tx)
    seller = await invoicing.find_seller(tx)
    phone, email = (seller.phone, seller.email) if seller else ("", "")
    digits = "".join(sign for sign in phone if sign.isdigit() or sign == "+")
    return Company(
        name=seller.display_name if seller else known.name,
        phone=phone,
        call=f"tel:{digits}" if digits else "",
        mail=f"mailto:{email}" if email else "",
        zone=known.time_zone,
    )
