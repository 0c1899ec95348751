"""Which events are counted, and how the log's rows become a story."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.analytics import RateSet
from tandem.contracts.customers import (
    CustomerAdded,
    CustomerErased,
    CustomersMerged,
    CustomersParted,
)
from tandem.contracts.delivery import CashCollected
from tandem.contracts.inventory import StockAdjusted, StockCommitted, StockRestocked
from tandem.contracts.invoicing import CreditNoteIssued, InvoiceIssued
from tandem.contracts.marketing import (
    CampaignClicked,
    CampaignCosted,
    CampaignOpened,
    CampaignStarted,
    EngagementRejudged,
)
from tandem.contracts.notifications import (
    MessageBounced,
    MessageComplained,
    MessageDelivered,
    MessageFailed,
    MessageSent,
    MessageSkipped,
    MessageUnknown,
)
from tandem.contracts.orders import (
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderExpired,
    OrderPlaced,
)
from tandem.contracts.payments import PaymentCaptured, RefundProcessed
from tandem.contracts.sales import (
    LeadAssigned,
    LeadCaptured,
    LeadConversionUndone,
    LeadConverted,
    LeadLinked,
    LeadMoved,
    LeadScored,
    LeadsMerged,
    LeadWithdrawn,
    OpportunityAmountChanged,
    OpportunityOpened,
    OpportunityStands,
    OpportunityWithdrawn,
)
from tandem.contracts.shipping import (
    PromiseRevised,
    ShipmentCancelled,
    ShipmentCreated,
    ShipmentStatusChanged,
)
from tandem.contracts.support import (
    ComplaintBreached,
    ComplaintChanged,
    ComplaintOpened,
    ComplaintRated,
    ComplaintStatusChanged,
)
from tandem.crm.analytics.domain.folds.story import Known, Story
from tandem.kernel.events import Event

FOLLOWED: tuple[type[Event], ...] = (
    RateSet,
    OrderPlaced,
    OrderConfirmed,
    OrderExpired,
    OrderCancelled,
    OrderCompleted,
    PaymentCaptured,
    CashCollected,  # Counted as the payment it becomes; stories gathered before hold it.
    RefundProcessed,
    InvoiceIssued,
    CreditNoteIssued,
    ShipmentCreated,
    ShipmentStatusChanged,
    ShipmentCancelled,
    PromiseRevised,
    StockAdjusted,
    StockCommitted,
    StockRestocked,
    ComplaintOpened,
    ComplaintStatusChanged,
    ComplaintChanged,
    ComplaintBreached,
    ComplaintRated,
    OpportunityOpened,
    OpportunityStands,
    OpportunityAmountChanged,
    OpportunityWithdrawn,
    LeadCaptured,
    LeadMoved,
    LeadLinked,
    LeadScored,
    LeadAssigned,
    LeadConverted,
    LeadConversionUndone,
    LeadsMerged,
    LeadWithdrawn,
    MessageSent,
    MessageDelivered,
    MessageBounced,
    MessageComplained,
    MessageFailed,
    MessageSkipped,
    MessageUnknown,
    CampaignOpened,
    CampaignClicked,
    EngagementRejudged,
    CampaignStarted,
    CampaignCosted,
    CustomerAdded,
    CustomerErased,
    CustomersMerged,
    CustomersParted,
)

ALONE: tuple[type[Event], ...] = (StockAdjusted,)
"""Each is a fact of its own: those of before need not be read with it."""

_BY_TOPIC: Mapping[str, type[Event]] = {kind.topic: kind for kind in FOLLOWED}


class Logged(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the event log."""

    id: UUID
    seq: int
    topic: str
    key: str
    occurred_at: datetime
    payload: dict[str, Any]


def read_story(key: str, rows: Sequence[Logged]) -> Story:
    """The log's rows of one key, ordered by when they happened and then as they were written."""
    ordered = sorted(rows, key=lambda row: (row.occurred_at, row.seq))
    return Story(
        key,
        [
            Known(row.id, row.occurred_at, msgspec.convert(row.payload, _BY_TOPIC[row.topic]))
            for row in ordered
        ],
    )
