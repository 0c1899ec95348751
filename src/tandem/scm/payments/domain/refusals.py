"""What payments say no to."""

from tandem.kernel.errors import Conflict, Invalid, Refusal
from tandem.kernel.money import in_figures


class BadSignature(Refusal):
    """The sender does not hold the secret. Nothing was kept."""

    status = 400
    code = "bad_signature"


class RefundExceedsBalance(Conflict):
    code = "refund_exceeds_balance"

    def __init__(self, asked_minor: int, refundable_minor: int, currency: str) -> None:
        super().__init__(
            f"Only {in_figures(refundable_minor, currency)} can still go back.",
            field="amount_minor",
            asked_minor=asked_minor,
            refundable_minor=refundable_minor,
            currency=currency,
        )


class NotRefundable(Conflict):
    """The payment was not captured: there is nothing to give back."""

    code = "not_refundable"


class PaymentDisputed(Conflict):
    """The buyer's bank has the case: money given back now could be taken a second time."""

    code = "payment_disputed"


class NothingToPay(Conflict):
    """The order is paid, over, or was never to be paid in advance."""

    code = "nothing_to_pay"


class ActionNotAllowed(Invalid):
    code = "action_not_allowed"


class Misfitting(Conflict):
    """The payment counts for no order as long as nobody accepts it."""

    code = "payment_misfits"


class AlreadyDecided(Conflict):
    """Somebody decided otherwise, or it fits by itself by now."""

    code = "already_decided"


class AlreadyAnswered(Conflict):
    """The bank looks at our answer, or it is on its way there: nothing is said beside it."""

    code = "already_answered"


class NothingToShow(Conflict):
    """A contest needs a paper: neither an invoice nor a picture from the door is there."""

    code = "nothing_to_show"


class LinkLive(Conflict):
    """Another link or QR code of the order can be paid: two would be paid twice."""

    code = "link_live"


class RemindedEnough(Conflict):
    code = "reminded_enough"
