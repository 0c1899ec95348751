"""Marketing over HTTP."""

from tandem.crm.marketing.http.approvals import (
    ApprovalRuleController,
    ApprovalsController,
    JourneyApprovalsController,
)
from tandem.crm.marketing.http.campaigns import CampaignsController, EngagementController
from tandem.crm.marketing.http.links import LinksController, PicturesController
from tandem.crm.marketing.http.senders import FromAddressesController, SendingDomainsController

CONTROLLERS = (
    ApprovalRuleController,
    ApprovalsController,
    CampaignsController,
    EngagementController,
    LinksController,
    PicturesController,
    SendingDomainsController,
    FromAddressesController,
    JourneyApprovalsController,
)

__all__ = ["CONTROLLERS"]
