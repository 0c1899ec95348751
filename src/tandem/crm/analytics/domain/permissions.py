"""What analytics may be asked to do."""

from collections.abc import Mapping

READ = "analytics.read"
WRITE = "analytics.write"
CONFIGURE = "analytics.configure"
SHARE = "analytics.share"

PERMISSIONS: Mapping[str, str] = {
    READ: "Ask for numbers about the records one may see anyway, and see dashboards.",
    WRITE: "Make dashboards and share them with roles.",
    SHARE: "Show what one sees to whoever has a link, until it ends or is taken back.",
    CONFIGURE: "Set exchange rates, and have all facts gathered anew from the event log.",
}
