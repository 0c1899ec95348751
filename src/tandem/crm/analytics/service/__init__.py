"""Analytics' verbs: `run` answers a question, `drill` opens a number, `digest` counts events."""

from tandem.crm.analytics.service.answering import run
from tandem.crm.analytics.service.dashboards import (
    add_dashboard,
    change_dashboard,
    get_dashboard,
    list_dashboards,
    remove_dashboard,
)
from tandem.crm.analytics.service.digesting import digest, rebuild
from tandem.crm.analytics.service.drilling import drill
from tandem.crm.analytics.service.funnels import drill_funnel, run_funnel
from tandem.crm.analytics.service.rates import ask_rebuild, list_rates, set_rate
from tandem.crm.analytics.service.rolling import roll_everything

__all__ = [
    "add_dashboard",
    "ask_rebuild",
    "change_dashboard",
    "digest",
    "drill",
    "drill_funnel",
    "get_dashboard",
    "list_dashboards",
    "list_rates",
    "rebuild",
    "remove_dashboard",
    "roll_everything",
    "run",
    "run_funnel",
    "set_rate",
]
