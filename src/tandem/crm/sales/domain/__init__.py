"""Pipelines, opportunities and forecasts. Pure."""

from tandem.crm.sales.domain.permissions import PERMISSIONS

__all__ = ["PERMISSIONS"]
