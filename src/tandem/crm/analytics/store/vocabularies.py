"""What a filter may speak of: each dataset's dimensions, over its facts or over its sums."""

from collections.abc import Mapping
from typing import LiteralString

from tandem.crm.analytics.domain.catalogue import DATASETS, Dataset, Dimension, Sums
from tandem.kernel.rules import Field, Kind, Vocabulary
from tandem.kernel.rules.vocabulary import field

SLOTS: tuple[LiteralString, ...] = ("f.d1", "f.d2", "f.d3", "f.d4", "f.d5")
MEASURES: tuple[LiteralString, ...] = (
    "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9", "m10", "m11", "m12",
)  # fmt: skip


def _field(dimension: Dimension, sql: LiteralString) -> Field:
    if dimension.kind == "flag":
        return field(Kind.FLAG, sql, dimension.label)
    return field(Kind.TEXT, sql + "::text", dimension.label)


def _over_facts(dataset: Dataset) -> Vocabulary:
    return Vocabulary(
        tables=dataset.table + " f where f.org_id = :org_id",
        fields={key: _field(one, one.sql) for key, one in dataset.dimensions.items()},
        kept_by={
            key: dataset.holds[one.sql]
            for key, one in dataset.dimensions.items()
            if one.sql in dataset.holds
        },
    )


def _over_sums(dataset: Dataset, sums: Sums) -> Vocabulary:
    assert len(sums.dimensions) <= len(SLOTS) and len(sums.amounts) <= len(MEASURES)
    return Vocabulary(
        tables="analytics.rollup f where f.org_id = :org_id",
        fields={
            key: _field(dataset.dimensions[key], slot)
            for key, slot in zip(sums.dimensions, SLOTS, strict=False)
        },
    )


FACTS: Mapping[str, Vocabulary] = {key: _over_facts(one) for key, one in DATASETS.items()}
SUMS: Mapping[tuple[str, str], Vocabulary] = {
    (key, sums.name): _over_sums(one, sums) for key, one in DATASETS.items() for sums in one.sums
}
