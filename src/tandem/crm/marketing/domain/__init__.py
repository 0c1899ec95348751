"""Campaigns, variants, engagement and sending domains. Pure."""

from tandem.crm.marketing.domain.permissions import PERMISSIONS

__all__ = ["PERMISSIONS"]
