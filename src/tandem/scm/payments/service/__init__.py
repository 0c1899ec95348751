"""What payments can be asked to do. Callers pass a Tx; nothing here opens or commits one.

`PaymentGateway` is the port under which a process holds its gateway; its calls end in an answer, in
`GatewayRefused`, in `TryLater`, or in the kernel's OutcomeUnknown.
"""

from tandem.scm.payments.gateways.port import GatewayRefused, PaymentGateway, TryLater
from tandem.scm.payments.service.captures import (
    claim_capture,
    list_due_captures,
    put_off_capture,
    raise_uncaptured,
    record_capture_refusal,
    request_capture,
)
from tandem.scm.payments.service.cash import record_cash
from tandem.scm.payments.service.connection import check_connection
from tandem.scm.payments.service.facts import apply_fact
from tandem.scm.payments.service.inbox import list_exceptions, resolve
from tandem.scm.payments.service.intents import (
    claim_due_checks,
    claim_intent,
    close_intent,
    list_intents,
    list_unopened,
    open_intent,
    record_gateway_order,
    record_refusal,
    record_trouble,
    request_payment,
)
from tandem.scm.payments.service.pay_page import pay_page, record_return
from tandem.scm.payments.service.reading import (
    get_payment,
    list_events,
    list_gone_refunds,
    list_payments,
    list_refunds,
    list_waiting_refunds,
    received,
    totals,
)
from tandem.scm.payments.service.refunds import (
    RefundCall,
    claim_refund,
    fail_refund,
    list_due_refunds,
    put_off_refund,
    refund,
    refund_payment,
)
from tandem.scm.payments.service.settlement_desk import (
    export_settlement,
    get_settlement,
    list_settled,
    list_settlement_exceptions,
    list_settlement_rows,
    list_settlements,
    resolve_settlement_exception,
)
from tandem.scm.payments.service.settlement_review import raise_never_settled
from tandem.scm.payments.service.settlements import (
    NOTHING_ELSEWHERE,
    Elsewhere,
    days_to_read,
    keep_settlements,
    record_settlement,
    request_settlements,
    review_again,
    settlements_since,
    settlements_to_review,
)
from tandem.scm.payments.store.settlements import SettlementFilter

__all__ = [
    "NOTHING_ELSEWHERE",
    "Elsewhere",
    "GatewayRefused",
    "PaymentGateway",
    "RefundCall",
    "SettlementFilter",
    "TryLater",
    "apply_fact",
    "check_connection",
    "claim_capture",
    "claim_due_checks",
    "claim_intent",
    "claim_refund",
    "close_intent",
    "days_to_read",
    "export_settlement",
    "fail_refund",
    "get_payment",
    "get_settlement",
    "keep_settlements",
    "list_due_captures",
    "list_due_refunds",
    "list_events",
    "list_exceptions",
    "list_gone_refunds",
    "list_intents",
    "list_payments",
    "list_refunds",
    "list_settled",
    "list_settlement_exceptions",
    "list_settlement_rows",
    "list_settlements",
    "list_unopened",
    "list_waiting_refunds",
    "open_intent",
    "pay_page",
    "put_off_capture",
    "put_off_refund",
    "raise_never_settled",
    "raise_uncaptured",
    "received",
    "record_capture_refusal",
    "record_cash",
    "record_gateway_order",
    "record_refusal",
    "record_return",
    "record_settlement",
    "record_trouble",
    "refund",
    "refund_payment",
    "request_capture",
    "request_payment",
    "request_settlements",
    "resolve",
    "resolve_settlement_exception",
    "review_again",
    "settlements_since",
    "settlements_to_review",
    "totals",
]
