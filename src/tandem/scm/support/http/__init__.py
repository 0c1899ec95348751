"""Support over HTTP."""

from tandem.scm.support.http.complaints import ComplaintMovesController, ComplaintsController
from tandem.scm.support.http.desk import DeskController
from tandem.scm.support.http.files import ComplaintFilesController
from tandem.scm.support.http.jira import (
    JiraLinkController,
    JiraSyncController,
    JiraWebhookController,
)
from tandem.scm.support.http.jira_connections import JiraConnectionsController
from tandem.scm.support.http.replies import SavedRepliesController

CONTROLLERS = (
    ComplaintFilesController,
    ComplaintMovesController,
    ComplaintsController,
    DeskController,
    JiraConnectionsController,
    JiraLinkController,
    JiraSyncController,
    JiraWebhookController,
    SavedRepliesController,
)

__all__ = ["CONTROLLERS"]
