"""What sales can be asked to do."""

from tandem.crm.sales.service.lines import list_lines, save_lines
from tandem.crm.sales.service.moving import lose, move, reopen, win
from tandem.crm.sales.service.opportunities import (
    Column,
    board,
    change,
    forecast,
    get_opportunity,
    history,
    list_opportunities,
    open_opportunity,
)
from tandem.crm.sales.service.pipelines import (
    add_pipeline,
    archive_pipeline,
    change_pipeline,
    ensure_first,
    get_pipeline,
    list_pipelines,
)
from tandem.crm.sales.service.quotes import (
    LINK as QUOTE_LINK,
)
from tandem.crm.sales.service.quotes import (
    add_quote,
    change_quote,
    check_writable,
    get_quote,
    keep_paper,
    list_quotes,
    list_unprinted,
    list_versions,
    revise,
    send_quote,
)
from tandem.crm.sales.service.settling import (
    accept_quote,
    decline_quote,
    expire_quotes,
    list_waiting,
    lock_waiting,
    note_waiting,
    read_quote,
    see_quote,
    try_again,
)
from tandem.crm.sales.service.winning import Ordered, note_order, record_order

__all__ = [
    "Column",
    "add_pipeline",
    "Ordered",
    "accept_quote",
    "archive_pipeline",
    "add_quote",
    "board",
    "change",
    "change_pipeline",
    "ensure_first",
    "change_quote",
    "check_writable",
    "decline_quote",
    "forecast",
    "expire_quotes",
    "get_opportunity",
    "get_pipeline",
    "history",
    "get_quote",
    "list_lines",
    "list_opportunities",
    "list_pipelines",
    "lose",
    "move",
    "list_quotes",
    "list_unprinted",
    "list_versions",
    "list_waiting",
    "lock_waiting",
    "open_opportunity",
    "reopen",
    "note_order",
    "note_waiting",
    "save_lines",
    "read_quote",
    "record_order",
    "win",
]
    "see_quote",
    "send_quote",
    "try_again",
