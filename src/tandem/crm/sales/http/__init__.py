"""Sales over HTTP."""

from tandem.crm.sales.http.lead_statuses import LeadStatusesController
from tandem.crm.sales.http.opportunities import OpportunitiesController
from tandem.crm.sales.http.pipelines import PipelinesController

CONTROLLERS = (PipelinesController, OpportunitiesController, LeadStatusesController)

__all__ = ["CONTROLLERS"]
