"""Sales over HTTP."""

from tandem.crm.sales.http.lead_forms import FormSubmissionsController, LeadFormsController
from tandem.crm.sales.http.lead_statuses import LeadStatusesController
from tandem.crm.sales.http.opportunities import OpportunitiesController
from tandem.crm.sales.http.pipelines import PipelinesController

CONTROLLERS = (
    PipelinesController,
    OpportunitiesController,
    LeadStatusesController,
    LeadFormsController,
    FormSubmissionsController,
)

__all__ = ["CONTROLLERS"]
