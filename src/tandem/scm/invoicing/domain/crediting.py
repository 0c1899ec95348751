"""Credit notes: how much of which line, at the original rate and kind of tax (CGST Act s.34).

Every split is taken from the cumulative credit of a line, so any number of part credits and the
rest after them sum to the line exactly.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from tandem.kernel.errors import Conflict, Invalid
from tandem.scm.invoicing.domain.documents import (
    Amounts,
    InvoiceLine,
    less,
)


class NothingToCredit(Conflict):
    code = "nothing_to_credit"


class CreditTooLarge(Invalid):
    """`remaining_minor` is what can still be credited."""

    code = "credit_exceeds_invoice"


class CreditNotDivisible(Invalid):
    """So few paise that they cannot be split into a value and two equal taxes."""

    code = "credit_not_divisible"


class CreditItem(msgspec.Struct, frozen=True, kw_only=True):
    """Goods that came back, by the order's line."""

    order_line_id: UUID
    quantity: int


class Credited(msgspec.Struct, frozen=True, kw_only=True):
    """What earlier credit notes took from one line."""

    amounts: Amounts = Amounts()
    quantity: int = 0


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one credit note takes from one line."""

    line: InvoiceLine
    amounts: Amounts
    quantity: int


NOTHING = Credited()


def credit_all(lines: Sequence[InvoiceLine], before: Mapping[UUID, Credited]) -> list[Part]:
    """Everything that is left."""
    parts = []
    for line in lines:
        taken = before.get(line.id, NOTHING)
        rest = less(line, taken.amounts)
        parts.append(Part(line=line, amounts=rest, quantity=line.quantity - taken.quantity))
    return _something(parts)


def credit_amount(
    lines: Sequence[InvoiceLine], before: Mapping[UUID, Credited], amount_minor: int
) -> list[Part]:
    """An amount including tax, shared over the lines by what is left of each: value only."""
    rests = [left_of(line, before) for line in lines]
    check_left(amount_minor, sum(rests))
    shares = share_out(amount_minor, rests)
    return _something(
        [
            Part(
                line=line,
                amounts=split(line, before.get(line.id, NOTHING).amounts, share),
                quantity=0,
            )
            for line, share in zip(lines, shares, strict=True)
        ]
    )


def credit_items(
    lines: Sequence[InvoiceLine],
    before: Mapping[UUID, Credited],
    items: Sequence[CreditItem],
) -> list[Part]:
    """Goods taken back, each at its share of what the line really cost."""
    by_order_line = {line.order_line_id: line for line in lines}
    if len({item.order_line_id for item in items}) < len(items):
        raise Invalid("Name each line once.", field="items")
    parts = []
    for place, item in enumerate(items):
        line = by_order_line.get(item.order_line_id)
        if line is None:
            raise Invalid("The invoice has no such line.", field=f"items[{place}].order_line_id")
        parts.append(_part_of_item(line, before.get(line.id, NOTHING), item, place))
    return _something(parts)


def check_left(amount_minor: int, left_minor: int) -> None:
    if not 0 < amount_minor <= left_minor:
        raise CreditTooLarge(
            f"{left_minor} (minor units) can still be credited, not {amount_minor}.",
            field="amount_minor",
            remaining_minor=left_minor,
        )


def left_of(line: InvoiceLine, before: Mapping[UUID, Credited]) -> int:
    return line.total_minor - before.get(line.id, NOTHING).amounts.total_minor


def share_out(amount: int, weights: Sequence[int]) -> list[int]:
    """Proportional whole shares that sum to `amount`; none is negative or above its weight.

    Needs `amount` between nothing and the sum of the weights.
    """
    whole = sum(weights)
    assert 0 <= amount <= whole, "nobody gives more than there is"
    shares, reached, weight_so_far = [], 0, 0
    for weight in weights:
        weight_so_far += weight
        target = (amount * weight_so_far * 2 + whole) // (whole * 2) if whole else 0
        shares.append(target - reached)
        reached = target
    return shares


def split(line: InvoiceLine, taken: Amounts, amount: int) -> Amounts:
    """`amount` of a line's total in its own proportions of value and taxes."""
    rest = less(line, taken)
    if amount == rest.total_minor:
        return rest
    reached = taken.total_minor + amount
    cess = _clamp(_share(line.cess_minor, reached, line) - taken.cess_minor, 0, rest.cess_minor)
    cess = min(cess, amount)
    within = amount - cess
    if line.igst_minor or not line.cgst_minor:
        igst = _share(line.igst_minor, reached, line) - taken.igst_minor
        low, high = max(0, within - rest.taxable_minor), min(rest.igst_minor, within)
        igst = _clamp(igst, low, high)
        return Amounts(taxable_minor=within - igst, igst_minor=igst, cess_minor=cess)
    half = _share(line.cgst_minor, reached, line) - taken.cgst_minor
    low = max(0, -(-(within - rest.taxable_minor) // 2))
    half = _clamp(half, low, min(rest.cgst_minor, within // 2))
    return Amounts(
        taxable_minor=within - 2 * half, cgst_minor=half, sgst_minor=half, cess_minor=cess
    )


def _share(kind_minor: int, reached: int, line: InvoiceLine) -> int:
    """This kind's part of the cumulative credit, half up."""
    return (kind_minor * reached * 2 + line.total_minor) // (line.total_minor * 2)


def _clamp(value: int, low: int, high: int) -> int:
    if low > high:
        raise CreditNotDivisible(
            "This amount is too small to hold a value and its taxes. Credit a little more.",
            field="amount_minor",
        )
    return max(low, min(value, high))


def _part_of_item(line: InvoiceLine, taken: Credited, item: CreditItem, place: int) -> Part:
    reached = taken.quantity + item.quantity
    if not 0 < item.quantity <= line.quantity - taken.quantity:
        raise CreditTooLarge(
            f"{line.quantity - taken.quantity} of {line.sku} can still be credited.",
            field=f"items[{place}].quantity",
            remaining=line.quantity - taken.quantity,
        )
    earlier = _portion(line, taken.quantity)
    amount = min(_portion(line, reached) - earlier, line.total_minor - taken.amounts.total_minor)
    return Part(line=line, amounts=split(line, taken.amounts, amount), quantity=item.quantity)


def _portion(line: InvoiceLine, quantity: int) -> int:
    return (line.total_minor * quantity * 2 + line.quantity) // (line.quantity * 2)


def _something(parts: Sequence[Part]) -> list[Part]:
    """Without lines that give nothing; a credit note of nothing is refused."""
    kept = [part for part in parts if part.amounts.total_minor or part.quantity]
    if not any(part.amounts.total_minor for part in kept):
        raise NothingToCredit("Everything on this invoice is credited already.")
    return kept
