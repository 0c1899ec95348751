"""What notifications can be asked to do. Callers pass a Tx; nothing here opens or commits one."""

from tandem.crm.notifications.service.connection import check_connection
from tandem.crm.notifications.service.handing import (
    LeaseLost,
    claim,
    hand_over,
    release_abandoned,
)
from tandem.crm.notifications.service.inbox import tell_staff
from tandem.crm.notifications.service.learning import (
    adopt_or_give_up,
    leave_unknown,
    list_due,
    list_to_look_up,
)
from tandem.crm.notifications.service.opting_out import unsubscribe_headers, unsubscribe_token
from tandem.crm.notifications.service.planning import (
    cancel,
    count_of_feed,
    domain_waits,
    find_planned,
    get_feed,
    messages_of,
    plan,
    set_feed,
)
from tandem.crm.notifications.service.preferences import preference_allows
from tandem.crm.notifications.service.sending import (
    get_message,
    list_attempts,
    list_messages,
    replay,
    retry,
    send,
)
from tandem.crm.notifications.service.templates import find_version, version, versions

__all__ = [
    "LeaseLost",
    "adopt_or_give_up",
    "cancel",
    "check_connection",
    "claim",
    "count_of_feed",
    "domain_waits",
    "find_planned",
    "find_version",
    "get_feed",
    "get_message",
    "hand_over",
    "leave_unknown",
    "list_attempts",
    "list_due",
    "list_messages",
    "list_to_look_up",
    "messages_of",
    "plan",
    "preference_allows",
    "release_abandoned",
    "replay",
    "retry",
    "send",
    "set_feed",
    "tell_staff",
    "unsubscribe_headers",
    "unsubscribe_token",
    "version",
    "versions",
]
