"""What orders answer "no" to, beside moves that the lifecycle does not have."""

from typing import Any

from tandem.kernel.errors import Conflict


class OrderEnded(Conflict):
    """A completed, cancelled or expired order can be neither held nor released.

    Like a refused move it says where the order stands (`from`) and that nothing is `allowed`.
    """

    code = "order_ended"

    def __init__(self, status: str) -> None:
        facts: dict[str, Any] = {"from": status, "allowed": []}
        super().__init__(f"The order is {status}; there is nothing to hold.", **facts)


class MoreThanOrdered(Conflict):
    """More would be shipped, delivered or returned of a line than there is."""

    code = "more_than_ordered"
