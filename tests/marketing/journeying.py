"""Journeys through the API: drafted, published, begun, walked, looked at."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tandem.crm.customers import service as customers
from tandem.flows import journeys as flow
from tandem.kernel import outbox
from tests.marketing.givens import Company, Json


def send(step_id: str = "hello", subject: str = "Hello") -> Json:
    return {"do": "send", "id": step_id, "subject": subject, "text": "Good day, {{ name }}."}


def wait(step_id: str, minutes: int, **more: Any) -> Json:
    return {"do": "wait", "id": step_id, "minutes": minutes, **more}


async def published(company: Company, steps: Sequence[Json], **plan: Any) -> Json:
    body = {"name": "Welcome", "plan": {"steps": list(steps), **plan}}
    made = await company.client.post("/v1/journeys", json=body)
    assert made.status_code == 201, made.text
    return await publish(company, made.json())


async def publish(company: Company, journey: Json, **how: Any) -> Json:
    answer = await company.client.post(f"/v1/journeys/{journey['id']}/publication", json=how)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def begin(company: Company, journey: Json, customer_id: UUID) -> Json | None:
    answer = await company.client.post(
        f"/v1/journeys/{journey['id']}/runs", json={"customer_id": str(customer_id)}
    )
    assert answer.status_code == 200, answer.text
    run: Json | None = answer.json()["run"]
    return run


async def way(company: Company, journey: Json, run: Json) -> list[tuple[str, str]]:
    path = f"/v1/journeys/{journey['id']}/runs/{run['id']}"
    steps = (await company.client.get(path)).json()["steps"]
    return [(one["node"], one["outcome"]) for one in steps]


async def run_of(company: Company, journey: Json, run: Json) -> Json:
    path = f"/v1/journeys/{journey['id']}/runs/{run['id']}"
    found: Json = (await company.client.get(path)).json()["run"]
    return found


async def walk(company: Company, **span: float) -> None:
    company.hands.advance(**span)
    await flow.take_steps(company.work)


async def list_runs(company: Company, journey: Json) -> list[Json]:
    found: list[Json] = (await company.client.get(f"/v1/journeys/{journey['id']}/runs")).json()[
        "items"
    ]
    return found


async def change(
    company: Company, segment_id: UUID, *, add: Sequence[UUID] = (), remove: Sequence[UUID] = ()
) -> None:
    """Of a list kept by hand; told to whoever listens."""
    now = company.hands.now()
    async with company.database.transaction(company.actor) as tx:
        segment = await customers.lock_segment(tx, segment_id)
        if add:
            await customers.add_to_segment(tx, segment, list(add), now=now)
        if remove:
            await customers.remove_from_segment(tx, segment, list(remove), now=now)
    await outbox.drain(company.database)
