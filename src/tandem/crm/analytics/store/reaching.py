"""Whose rows are counted: the records' own condition, written where it is for lists."""

from collections.abc import Mapping
from typing import LiteralString

from tandem.crm.analytics.domain.catalogue import DATASETS, Dataset
from tandem.kernel.reach import within_customer, within_lead, within_opportunity, within_order


def _condition(dataset: Dataset) -> LiteralString:
    match dataset.reach:
        case "order":
            return within_order(dataset.record)
        case "customer":
            return within_customer(dataset.record)
        case "opportunity":
            return within_opportunity(dataset.record)
        case "lead":
            return within_lead(dataset.record)
    return ":reach_all::boolean"


CONDITIONS: Mapping[str, LiteralString] = {
    key: _condition(dataset) for key, dataset in DATASETS.items()
}
