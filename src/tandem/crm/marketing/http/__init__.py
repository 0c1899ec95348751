"""Marketing over HTTP."""

from tandem.crm.marketing.http.campaigns import CampaignsController, EngagementController
from tandem.crm.marketing.http.links import LinksController, PicturesController

CONTROLLERS = (
    CampaignsController,
    EngagementController,
    LinksController,
    PicturesController,
)

__all__ = ["CONTROLLERS"]
