"""Whether a question may be kept: for a link, a schedule, a name."""

from tandem.crm.analytics.domain.asking import Ask
from tandem.crm.analytics.domain.funnels import FunnelAsk
from tandem.crm.analytics.domain.happenings import HAPPENINGS
from tandem.crm.analytics.domain.retention import RetentionAsk
from tandem.crm.analytics.service import asking, funnels, retention
from tandem.crm.analytics.service.people import check_cuts
from tandem.kernel.actor import Actor


def check_question(
    actor: Actor,
    *,
    query: Ask | None = None,
    funnel: FunnelAsk | None = None,
    retention_: RetentionAsk | None = None,
) -> None:
    """Refuses what could never be answered, and what its keeper may not ask."""
    if query is not None:
        asking.check(query, actor)
    if funnel is not None:
        check_cuts(actor, funnels.check(funnel)[1])
        said = [*funnel.steps, *(one.happening for one in funnel.exclusions)]
        _check_seen(actor, [one.event for one in said])
    if retention_ is not None:
        check_cuts(actor, retention.check(retention_))
        _check_seen(actor, [retention_.begins.event, retention_.returns.event])


def _check_seen(actor: Actor, events: list[str]) -> None:
    for event in events:
        actor.require(HAPPENINGS[event].permission)
