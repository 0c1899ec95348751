"""Support's timed and outside work. Importing registers each module's jobs."""

from tandem.scm.support.jobs import clocks, jira, scanning

__all__ = ["clocks", "jira", "scanning"]
