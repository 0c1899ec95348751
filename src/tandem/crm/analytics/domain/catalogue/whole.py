"""The catalogue put together, and finding a metric in it."""

from collections.abc import Mapping

import msgspec

from tandem.crm.analytics.domain.catalogue import crediting, moving, selling, winning
from tandem.crm.analytics.domain.catalogue.shapes import Dataset, Metric
from tandem.kernel.errors import Invalid


def _with_whole(dataset: Dataset) -> Dataset:
    """Beside what is cut, the sums of whole days: most questions need nothing else."""
    whole = tuple(msgspec.structs.replace(one, dimensions=()) for one in dataset.sums)
    return msgspec.structs.replace(dataset, sums=(*whole, *dataset.sums))


DATASETS: Mapping[str, Dataset] = {
    one.key: _with_whole(one)
    for one in (
        selling.ORDERS,
        selling.LINES,
        selling.PAYMENTS,
        selling.INVOICES,
        moving.SHIPMENTS,
        moving.STOCK,
        moving.COMPLAINTS,
        winning.DEALS,
        winning.STAGES,
        winning.LEADS,
        winning.MESSAGES,
        winning.ENGAGEMENT,
        winning.CUSTOMERS,
        crediting.CREDITS,
        crediting.LEAD_CREDITS,
        crediting.DEAL_CREDITS,
        crediting.SPENDING,
    )
}


def _gather() -> dict[str, dict[int, Metric]]:
    found: dict[str, dict[int, Metric]] = {}
    for one in (*selling.METRICS, *moving.METRICS, *winning.METRICS, *crediting.METRICS):
        assert one.version not in found.get(one.key, {}), f"{one.name} is there twice"
        assert one.clock in DATASETS[one.dataset].clocks, f"{one.name} has no such clock"
        found.setdefault(one.key, {})[one.version] = one
    return found


METRICS: Mapping[str, Mapping[int, Metric]] = _gather()


def latest() -> list[Metric]:
    """The version that counts today, of each metric."""
    return [versions[max(versions)] for versions in METRICS.values()]


def find_metric(name: str, *, field: str) -> Metric:
    """By `key`, which means its latest version, or by `key@version`."""
    key, _, version = name.partition("@")
    versions = METRICS.get(key)
    if versions is None:
        raise Invalid(f"There is no metric {key[:60]!r}.", field=field)
    if not version:
        return versions[max(versions)]
    found = versions.get(int(version)) if version.isdecimal() and len(version) < 4 else None
    if found is None:
        raise Invalid(f"{key!r} has no such version.", field=field)
    return found
