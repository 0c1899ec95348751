"""Analytics' verbs: `run` answers a question, `drill` opens a number, `digest` counts events."""

from tandem.crm.analytics.service.answering import run
from tandem.crm.analytics.service.digesting import digest, rebuild
from tandem.crm.analytics.service.drilling import drill

__all__ = ["digest", "drill", "rebuild", "run"]
