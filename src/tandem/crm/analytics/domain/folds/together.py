"""All folds over one story."""

from collections.abc import Callable, Iterator

from tandem.crm.analytics.domain.folds.complaints import complaints
from tandem.crm.analytics.domain.folds.customers import customers
from tandem.crm.analytics.domain.folds.deals import deals
from tandem.crm.analytics.domain.folds.leads import leads
from tandem.crm.analytics.domain.folds.messages import engagements, messages
from tandem.crm.analytics.domain.folds.moments import (
    complaint_moments,
    customer_moments,
    deal_moments,
    engagement_moments,
    lead_moments,
    message_moments,
    order_moments,
)
from tandem.crm.analytics.domain.folds.money import invoices, payments
from tandem.crm.analytics.domain.folds.orders import orders
from tandem.crm.analytics.domain.folds.shipments import shipments
from tandem.crm.analytics.domain.folds.stock import stock
from tandem.crm.analytics.domain.folds.story import Books, Fact, Story
from tandem.crm.analytics.domain.folds.touches import aliases, spends, touches

_FOLDS: tuple[Callable[[Story, Books], Iterator[Fact]], ...] = (
    orders,
    payments,
    invoices,
    shipments,
    stock,
    complaints,
    deals,
    leads,
    messages,
    engagements,
    customers,
    touches,
    aliases,
    spends,
    order_moments,
    lead_moments,
    deal_moments,
    message_moments,
    engagement_moments,
    complaint_moments,
    customer_moments,
)


def fold(story: Story, books: Books) -> list[Fact]:
    """Every fact that the story comes to, each with its day in the company's time zone."""
    return [fact for one in _FOLDS for fact in one(story, books)]
