"""Sales over HTTP."""

from tandem.crm.sales.http.opportunities import OpportunitiesController
from tandem.crm.sales.http.pipelines import PipelinesController

CONTROLLERS = (PipelinesController, OpportunitiesController)

__all__ = ["CONTROLLERS"]
