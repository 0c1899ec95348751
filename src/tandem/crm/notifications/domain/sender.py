"""Which installation sends for a database. Pure."""

from datetime import datetime

import msgspec


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """The one that sends, and where we are: the same, or a copy that keeps still.

    `cluster` and `database` are PostgreSQL's own names for itself, `place` is the installation's
    address, or its data folder where the address is a loopback one.
    """

    cluster: str
    database: str
    place: str
    since: datetime
    here_cluster: str
    here_database: str

    def differences(self, place: str) -> list[str]:
        """Why we are not the one that sends; empty when we are."""
        found = []
        if self.cluster != self.here_cluster:
            found.append(f"its PostgreSQL cluster is {self.cluster}, ours {self.here_cluster}")
        if self.database != self.here_database:
            found.append(f"its database is {self.database}, ours {self.here_database}")
        if self.place != place:
            found.append(f"it is at {self.place}, we are at {place}")
        return found


def refusal(sender: Sender, place: str) -> str:
    """One sentence for whoever looks why nothing leaves; empty when we send."""
    found = sender.differences(place)
    if not found:
        return ""
    since = sender.since.strftime("%d %b %Y, %H:%M UTC")
    return (
        f"Another installation has sent for this database since {since}: {'; '.join(found)}. "
        "Nothing leaves from here. If that one sends no more, run `tandem sending take-over`."
    )
