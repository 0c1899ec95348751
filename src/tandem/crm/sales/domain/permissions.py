"""What sales may be asked to do."""

from collections.abc import Mapping

READ = "sales.read"
WRITE = "sales.write"
CONFIGURE = "sales.configure"

PERMISSIONS: Mapping[str, str] = {
    READ: "See opportunities, the board and the forecast, as far as one's records go.",
    WRITE: "Open opportunities, change them, move them, win and lose them.",
    CONFIGURE: "Change pipelines and their stages.",
}
