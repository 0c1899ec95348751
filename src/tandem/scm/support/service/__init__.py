"""What support can be asked to do. Callers pass a Tx; nothing here opens or commits one."""

from tandem.scm.support.service.filing import add_file, read_file
from tandem.scm.support.service.moving import assign, change, move, rate
from tandem.scm.support.service.opening import COMPLAINT, open_complaint
from tandem.scm.support.service.reading import (
    EVERYTHING,
    PUBLIC_ONLY,
    find_by_number,
    get_complaint,
    get_message,
    list_files,
    list_messages,
    list_of_order,
    list_steps,
    lock_complaint,
)
from tandem.scm.support.service.settings import HeldDesk, get_desk, lock_desk, save_desk
from tandem.scm.support.service.talking import TooManyMessages, add_message, edit_message

__all__ = [
    "COMPLAINT",
    "EVERYTHING",
    "PUBLIC_ONLY",
    "HeldDesk",
    "TooManyMessages",
    "add_file",
    "add_message",
    "assign",
    "change",
    "edit_message",
    "find_by_number",
    "get_complaint",
    "get_desk",
    "get_message",
    "list_files",
    "list_messages",
    "list_of_order",
    "list_steps",
    "lock_complaint",
    "lock_desk",
    "move",
    "open_complaint",
    "rate",
    "read_file",
    "save_desk",
]
