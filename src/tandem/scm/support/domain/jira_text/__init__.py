"""Markdown, as we keep it, and the Atlassian Document Format, as Jira keeps it, both ways."""

from tandem.scm.support.domain.jira_text.reading import markdown_of
from tandem.scm.support.domain.jira_text.writing import Node, document_of

__all__ = ["Node", "document_of", "markdown_of"]
