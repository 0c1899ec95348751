"""From a question to what is to be read: one slice for each dataset and clock."""

from collections.abc import Mapping, Sequence

import msgspec

from tandem.crm.analytics.domain.asking import Ask, Column
from tandem.crm.analytics.domain.catalogue import (
    DATASETS,
    Amount,
    Clock,
    Dataset,
    Dimension,
    Metric,
    Sums,
    find_metric,
)
from tandem.kernel.errors import Invalid


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """What one statement answers: metrics of one dataset by one clock over one kind of span."""

    dataset: Dataset
    clock: Clock
    clock_key: str
    span: str
    metrics: tuple[Metric, ...]
    amounts: tuple[Amount, ...]
    """Each once, whatever number of metrics it serves."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    metrics: tuple[Metric, ...]
    names: tuple[str, ...]
    """The dimensions, in order."""
    slices: tuple[Slice, ...]


def plan(ask: Ask) -> Plan:
    """Refuses, with the field at fault, what is in no dataset and what does not go together."""
    metrics = tuple(
        find_metric(name, field=f"measures[{place}]") for place, name in enumerate(ask.measures)
    )
    if len({one.key for one in metrics}) < len(metrics):
        raise Invalid("A measure is named twice.", field="measures")
    if len(set(ask.dimensions)) < len(ask.dimensions):
        raise Invalid("A dimension is named twice.", field="dimensions")
    for place, name in enumerate(ask.dimensions):
        for metric in metrics:
            _check_dimension(name, metric, f"dimensions[{place}]")
    if ask.grain is not None and any(one.span == "standing" for one in metrics):
        raise Invalid(
            "How things stand has no course over time: ask `as_of` earlier moments.",
            field="grain",
        )
    return Plan(metrics=metrics, names=tuple(ask.dimensions), slices=_slices(metrics))


def _check_dimension(name: str, metric: Metric, field: str) -> None:
    known = DATASETS[metric.dataset].dimensions
    if name not in known:
        raise Invalid(
            f"{metric.label} cannot be cut by {name[:60]!r}; it can by {', '.join(known)}.",
            field=field,
        )


def _slices(metrics: Sequence[Metric]) -> tuple[Slice, ...]:
    groups: dict[tuple[str, str, str], list[Metric]] = {}
    for metric in metrics:
        groups.setdefault((metric.dataset, metric.clock, metric.span), []).append(metric)
    return tuple(
        Slice(
            dataset=DATASETS[dataset],
            clock=DATASETS[dataset].clocks[clock],
            clock_key=clock,
            span=span,
            metrics=tuple(some),
            amounts=tuple(dict.fromkeys(one for metric in some for one in metric.amounts)),
        )
        for (dataset, clock, span), some in groups.items()
    )


def sums_for(one: Slice, names: Sequence[str]) -> Sums | None:
    """The shortest of the sums by day that this slice can be answered from, if there are such."""
    fitting = [
        sums
        for sums in one.dataset.sums
        if sums.clock == one.clock_key
        and set(names) <= set(sums.dimensions)
        and set(one.amounts) <= set(sums.amounts)
    ]
    return min(fitting, key=lambda sums: len(sums.dimensions), default=None)


def columns(ask: Ask, made: Plan) -> list[Column]:
    dimensions = dimensions_of(made)
    time = [Column(key="time", label=ask.grain.replace("_", " ").capitalize(), kind="time")] if (
        ask.grain
    ) else []  # fmt: skip
    return [
        *time,
        *(
            Column(
                key=name,
                label=dimensions[name].label,
                kind="dimension",
                refers=dimensions[name].refers,
            )
            for name in made.names
        ),
        *(
            Column(key=one.key, label=one.label, kind="measure", unit=one.unit)
            for one in made.metrics
        ),
    ]


def dimensions_of(made: Plan) -> Mapping[str, Dimension]:
    return DATASETS[made.metrics[0].dataset].dimensions
