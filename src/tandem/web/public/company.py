"""Who sells: what public pages say of the company."""

import msgspec

from tandem.scm.invoicing.domain.seller import SellerProfile


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """`call` and `mail` are addresses for links; empty where the company gave none."""

    name: str
    phone: str
    call: str
    mail: str


def company_of(seller: SellerProfile | None) -> Company | None:
    if seller is None:
        return None
    digits = "".join(sign for sign in seller.phone if sign.isdigit() or sign == "+")
    return Company(
        name=seller.display_name,
        phone=seller.phone,
        call=f"tel:{digits}" if digits else "",
        mail=f"mailto:{seller.email}" if seller.email else "",
    )
