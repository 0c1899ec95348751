"""What orders answer "no" to, beside moves that the lifecycle does not have."""

from tandem.kernel.errors import Conflict


class OrderEnded(Conflict):
    """A completed, cancelled or expired order can be neither held nor released."""

    code = "order_ended"


class MoreThanOrdered(Conflict):
    """More would be shipped, delivered or returned of a line than there is."""

    code = "more_than_ordered"
