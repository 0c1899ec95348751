"""What analytics may be asked to do."""

from collections.abc import Mapping

READ = "analytics.read"
WRITE = "analytics.write"
CONFIGURE = "analytics.configure"

PERMISSIONS: Mapping[str, str] = {
    READ: "Ask for numbers about the records one may see anyway, and see dashboards.",
    WRITE: "Make dashboards and share them with roles.",
    CONFIGURE: "Set exchange rates, and have all facts gathered anew from the event log.",
}
