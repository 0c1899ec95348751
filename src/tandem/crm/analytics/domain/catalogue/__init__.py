"""What can be asked for: datasets, what they are cut by, and what each number means.

Written once, here; dashboards, the API, exports, schedules and alerts all speak of these. A
definition that changes gets a new version and the old one stays.
"""

from tandem.crm.analytics.domain.catalogue.shapes import (
    Amount,
    Clock,
    Dataset,
    Dimension,
    Metric,
    Sums,
    Unit,
)
from tandem.crm.analytics.domain.catalogue.whole import (
    DATASETS,
    METRICS,
    find_metric,
    latest,
)

__all__ = [
    "DATASETS",
    "METRICS",
    "Amount",
    "Clock",
    "Dataset",
    "Dimension",
    "Metric",
    "Sums",
    "Unit",
    "find_metric",
    "latest",
]
