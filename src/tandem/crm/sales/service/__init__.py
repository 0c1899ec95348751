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

__all__ = [
    "Column",
    "add_pipeline",
    "archive_pipeline",
    "board",
    "change",
    "change_pipeline",
    "ensure_first",
    "forecast",
    "get_opportunity",
    "get_pipeline",
    "history",
    "list_lines",
    "list_opportunities",
    "list_pipelines",
    "lose",
    "move",
    "open_opportunity",
    "reopen",
    "save_lines",
    "win",
]
