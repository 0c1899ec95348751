"""Analytics over HTTP. Dashboards, which need to know the asker's roles: see flows."""

from typing import Any

from tandem.crm.analytics.http.churn import ChurnController
from tandem.crm.analytics.http.funnels import FunnelsController
from tandem.crm.analytics.http.questions import AnalyticsController, MetricsController
from tandem.crm.analytics.http.retention import RetentionController, StickinessController

CONTROLLERS: list[Any] = [
    AnalyticsController,
    MetricsController,
    FunnelsController,
    RetentionController,
    StickinessController,
    ChurnController,
]
