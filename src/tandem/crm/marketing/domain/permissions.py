"""What marketing may be asked to do."""

from collections.abc import Mapping

READ = "marketing.read"
WRITE = "marketing.write"
SEND = "marketing.send"
CONFIGURE = "marketing.configure"
APPROVE = "marketing.approve"

PERMISSIONS: Mapping[str, str] = {
    READ: "See campaigns, whom they reached, and what came of them.",
    WRITE: "Draft campaigns and change what has not left.",
    SEND: "Schedule, pause, resume and cancel campaigns, and send tests.",
    APPROVE: "Approve campaigns that somebody else made, where the company asks for it.",
    CONFIGURE: "Set up sending domains and from-addresses.",
}
