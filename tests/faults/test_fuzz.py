"""Whatever is sent to any route of the OpenAPI, the answer is never a 500."""

import asyncio
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import hypothesis
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck
from litestar import Litestar

from tandem.app.reference import openapi
from tandem.app.settings import Settings
from tandem.crm.identity import service as identity
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tests.conftest import settings_for
from tests.givens import api_key_of
from tests.serving import serving

OWN = {"/v1/{path:str}", "/v1/openapi.json"}
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "12"))


def _operations() -> Any:
    """From the description as it is served: JSON and nothing else."""
    return schemathesis.openapi.from_dict(msgspec.json.decode(openapi()))


SCHEMA = _operations()


class Target:
    base_url = ""
    key = ""


async def _company(settings: Settings) -> str:
    database = await Database.connect(settings.app_dsn, size_min=1, size_max=2)
    now = datetime(2026, 11, 22, tzinfo=UTC)
    org_id = await identity.found_organisation(
        database, name="Fuzz", slug=f"f-{new_id().hex}", now=now
    )
    key = await api_key_of(database, Actor.system(org_id))
    await database.close()
    return key


@pytest.fixture(scope="module")
def target(owner_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    settings = settings_for(owner_dsn, str(tmp_path_factory.mktemp("fuzz")))
    found = Target()
    found.key = asyncio.run(_company(settings))
    with serving(settings) as base_url:
        found.base_url = base_url
        yield found


# A journey's steps hold steps: to draw one takes minutes. tests/marketing sends those nonsense.
@SCHEMA.exclude(path_regex=".*stream$|^/v1/journeys").parametrize()  # type: ignore[untyped-decorator]
@hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_no_route_answers_with_a_crash(case: Any, target: Target) -> None:
    answer = case.call(
        base_url=target.base_url, headers={"authorization": f"Bearer {target.key}"}, timeout=20
    )
    assert answer.status_code < 500 or answer.status_code == 503, answer.text
    if answer.status_code >= 400:
        body = answer.json()
        assert body["code"], body
        assert answer.headers["content-type"][0].startswith("application/problem+json")


def test_the_description_names_every_route_of_the_api(application: Litestar) -> None:
    hidden = {
        re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
        for route in application.routes
        if route.path.startswith("/v1/") and route.path not in OWN
    } - set(application.openapi_schema.to_schema()["paths"])
    assert {path for path in hidden if not path.endswith("stream")} == set()
