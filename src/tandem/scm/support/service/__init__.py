"""What support can be asked to do. Callers pass a Tx; nothing here opens or commits one."""

from tandem.scm.support.service import jira
from tandem.scm.support.service.filing import (
    add_file,
    list_unscanned,
    read_file,
    record_scan,
)
from tandem.scm.support.service.moving import assign, change, move, rate
from tandem.scm.support.service.opening import COMPLAINT, open_complaint
from tandem.scm.support.service.reading import (
    EVERYTHING,
    PUBLIC_ONLY,
    count_complaints,
    find_by_number,
    get_complaint,
    get_message,
    list_complaints,
    list_files,
    list_messages,
    list_of_customer,
    list_of_order,
    list_steps,
    lock_complaint,
)
from tandem.scm.support.service.replies import (
    add_reply,
    change_reply,
    list_replies,
    remove_reply,
)
from tandem.scm.support.service.ruling import apply_rules, settle_cause
from tandem.scm.support.service.settings import HeldDesk, get_desk, lock_desk, save_desk
from tandem.scm.support.service.sweeping import close_silent, tell_breaches
from tandem.scm.support.service.talking import TooManyMessages, add_message, edit_message

__all__ = [
    "COMPLAINT",
    "EVERYTHING",
    "PUBLIC_ONLY",
    "HeldDesk",
    "TooManyMessages",
    "add_file",
    "add_message",
    "add_reply",
    "apply_rules",
    "assign",
    "change",
    "change_reply",
    "close_silent",
    "count_complaints",
    "edit_message",
    "find_by_number",
    "get_complaint",
    "get_desk",
    "get_message",
    "jira",
    "list_complaints",
    "list_files",
    "list_messages",
    "list_of_customer",
    "list_of_order",
    "list_replies",
    "list_steps",
    "list_unscanned",
    "lock_complaint",
    "lock_desk",
    "move",
    "open_complaint",
    "rate",
    "read_file",
    "record_scan",
    "remove_reply",
    "save_desk",
    "settle_cause",
    "tell_breaches",
]
