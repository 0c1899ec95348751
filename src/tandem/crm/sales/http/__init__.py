"""Sales over HTTP."""

from tandem.crm.sales.http.lead_forms import FormSubmissionsController, LeadFormsController
from tandem.crm.sales.http.lead_statuses import LeadStatusesController
from tandem.crm.sales.http.opportunities import OpportunitiesController
from tandem.crm.sales.http.pipelines import PipelinesController
from tandem.crm.sales.http.reminders import RemindersController

CONTROLLERS = (
    PipelinesController,
    OpportunitiesController,
    LeadStatusesController,
    LeadFormsController,
    FormSubmissionsController,
    RemindersController,
)

__all__ = ["CONTROLLERS"]
