"""Analytics over HTTP. Dashboards, which need to know the asker's roles: see flows."""

from typing import Any

from tandem.crm.analytics.http.questions import AnalyticsController, MetricsController

CONTROLLERS: list[Any] = [AnalyticsController, MetricsController]
