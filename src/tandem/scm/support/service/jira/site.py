"""Where our own pages are, for links back and for the site's webhooks."""

from uuid import UUID

from tandem.kernel.jobs import Work
from tandem.scm.support.domain.complaints import Complaint
from tandem.scm.support.gateways.jira.port import OwnAddress


def page_url(work: Work, complaint: Complaint) -> str:
    """The complaint's page in the console; who may not see it has to sign in."""
    return f"{_base(work)}/complaints/{complaint.id}"


def webhook_url(work: Work, connection_id: UUID) -> str:
    return f"{_base(work)}/v1/webhooks/jira/{connection_id}"


def _base(work: Work) -> str:
    return work.get(OwnAddress).base_url.rstrip("/")
