"""Money: whole minor units and an ISO 4217 currency. Rates and tax are Decimal. Never a float."""

from decimal import ROUND_HALF_UP, Decimal

import msgspec

EXPONENT = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "KWD": 3, "BHD": 3, "OMR": 3, "TND": 3}
"""Minor digits per currency where it is not two (ISO 4217)."""

SYMBOLS = {"INR": "₹", "USD": "$", "EUR": "€", "GBP": "£"}


class Money(msgspec.Struct, frozen=True, kw_only=True):
    minor: int
    currency: str

    def major(self) -> Decimal:
        return Decimal(self.minor).scaleb(-EXPONENT.get(self.currency, 2))


def scale_between(currency: str, home: str) -> Decimal:
    """Minor units of `home` for one of `currency` where one whole unit is worth one."""
    return Decimal(1).scaleb(EXPONENT.get(home, 2) - EXPONENT.get(currency, 2))


def in_figures(minor: int, currency: str = "INR") -> str:
    """₹1,23,456.00: lakh and crore grouping for rupees, thousands for the rest."""
    digits = EXPONENT.get(currency, 2)
    whole, part = divmod(abs(minor), 10**digits)
    shown = _grouped(whole, 2 if currency == "INR" else 3)
    fraction = f".{part:0{digits}}" if digits else ""
    sign = "−" if minor < 0 else ""
    return f"{sign}{SYMBOLS.get(currency, currency + ' ')}{shown}{fraction}"


def _grouped(whole: int, step: int) -> str:
    text = str(whole)
    head, tail = text[:-3], text[-3:]
    groups: list[str] = []
    while head:
        groups.insert(0, head[-step:])
        head = head[:-step]
    return ",".join([*groups, tail])


def round_half_up(amount: Decimal) -> int:
    """To the nearest whole unit; halves go away from zero, judged on the magnitude.

    Rounding first and negating later would turn -2.675 into 2.67, so the sign is put aside.
    """
    magnitude = int(abs(amount).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    return -magnitude if amount < 0 else magnitude


def apportion(total: int, weights: list[int]) -> list[int]:
    """Share `total` in proportion to `weights`; the parts always sum to it exactly.

    The remainder goes to the last part that carries weight, as Indian practice does for freight.
    """
    whole = sum(weights)
    if whole == 0:
        weights, whole = [1] * len(weights), len(weights)
    parts = [round_half_up(Decimal(total) * weight / whole) for weight in weights]
    last = max(index for index, weight in enumerate(weights) if weight)
    parts[last] += total - sum(parts)
    return parts
