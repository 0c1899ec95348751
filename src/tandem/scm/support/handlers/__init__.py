"""What support does when others tell something. Importing registers each module's handlers."""

from tandem.scm.support.handlers import jira

__all__ = ["jira"]
