"""Support over HTTP."""

from tandem.scm.support.http.complaints import ComplaintMovesController, ComplaintsController
from tandem.scm.support.http.desk import DeskController
from tandem.scm.support.http.files import ComplaintFilesController
from tandem.scm.support.http.replies import SavedRepliesController

CONTROLLERS = (
    ComplaintFilesController,
    ComplaintMovesController,
    ComplaintsController,
    DeskController,
    SavedRepliesController,
)

__all__ = ["CONTROLLERS"]
