"""Pages for buyers who signed in by code. Apart from staff: another cookie, another world."""

from typing import Any

from tandem.web.portal.pages import PortalPages

PORTAL_PAGES: list[Any] = [PortalPages]
