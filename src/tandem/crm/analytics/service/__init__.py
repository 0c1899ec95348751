"""Analytics' verbs: `run` answers a question, `drill` opens a number, `digest` counts events."""

from tandem.crm.analytics.service.answering import give_up, run
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
from tandem.crm.analytics.service.kept_funnels import (
    change_funnel,
    get_funnel,
    keep_funnel,
    list_funnels,
    remove_funnel,
)
from tandem.crm.analytics.service.rates import ask_rebuild, list_rates, set_rate
from tandem.crm.analytics.service.retention import (
    drill_retention,
    drill_stickiness,
    run_retention,
    run_stickiness,
)
from tandem.crm.analytics.service.rolling import roll_everything

__all__ = [
    "add_dashboard",
    "ask_rebuild",
    "change_dashboard",
    "change_funnel",
    "digest",
    "drill",
    "drill_funnel",
    "drill_retention",
    "drill_stickiness",
    "get_dashboard",
    "get_funnel",
    "give_up",
    "keep_funnel",
    "list_dashboards",
    "list_funnels",
    "list_rates",
    "rebuild",
    "remove_dashboard",
    "remove_funnel",
    "roll_everything",
    "run",
    "run_funnel",
    "run_retention",
    "run_stickiness",
    "set_rate",
]
