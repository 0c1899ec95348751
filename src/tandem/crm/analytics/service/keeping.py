"""Fields that a role keeps back are in no number and in no row of one."""

import msgspec

from tandem.crm.analytics.domain.catalogue import DATASETS, Dataset, Metric
from tandem.crm.analytics.domain.planning import Plan, dimensions_of
from tandem.kernel.actor import Actor
from tandem.kernel.fields import FieldKept


def may_see(actor: Actor, metric: Metric) -> bool:
    """The records behind a number, and every field of them that it is made of."""
    dataset = DATASETS[metric.dataset]
    return actor.may(dataset.permission) and _kept_back(actor, dataset, metric) is None


def allowed(made: Plan, actor: Actor) -> Plan:
    """The plan without columns that are kept back. Refuses a measure that is made of one, and to
    cut by one."""
    if not actor.hidden:
        return made
    for place, name in enumerate(made.names):
        if any(_cuts_kept(actor, one.dataset, name) for one in made.slices):
            raise FieldKept(
                f"{dimensions_of(made)[name].label} is kept from your role.",
                field=f"dimensions[{place}]",
            )
    slices = []
    for one in made.slices:
        for metric in one.metrics:
            field = _kept_back(actor, one.dataset, metric)
            if field is not None:
                raise FieldKept(
                    f"{metric.label} is made of {field!r}, which is kept from your role.",
                    field="measures",
                    permission=one.dataset.permission,
                )
        shows = {
            name: sql
            for name, sql in one.dataset.shows.items()
            if one.dataset.holds.get(sql) not in actor.hidden
        }
        slices.append(
            msgspec.structs.replace(one, dataset=msgspec.structs.replace(one.dataset, shows=shows))
        )
    return msgspec.structs.replace(made, slices=tuple(slices))


def _cuts_kept(actor: Actor, dataset: Dataset, name: str) -> bool:
    return dataset.holds.get(dataset.dimensions[name].sql) in actor.hidden


def _kept_back(actor: Actor, dataset: Dataset, metric: Metric) -> str | None:
    text = " ".join(f"{amount.value} {amount.where}" for amount in metric.amounts)
    return next(
        (
            field
            for column, field in dataset.holds.items()
            if column in text and field in actor.hidden
        ),
        None,
    )
