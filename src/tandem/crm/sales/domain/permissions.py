"""What sales may be asked to do."""

from collections.abc import Mapping

READ = "sales.read"
WRITE = "sales.write"
CONFIGURE = "sales.configure"
IMPORT = "sales.import"
EXPORT = "sales.export"

PERMISSIONS: Mapping[str, str] = {
    READ: "See opportunities, the board and the forecast, as far as one's records go.",
    WRITE: "Open opportunities, change them, move them, win and lose them.",
    IMPORT: "Take leads in from files, whoever has them, and take imports back.",
    EXPORT: "Take leads and opportunities along as files, as far as one's records go.",
    CONFIGURE: "Change pipelines and their stages.",
}
