"""Whatever is sent to any route of the OpenAPI, the answer is never a 500."""

import asyncio
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck
from litestar import Litestar
from schemathesis import GenerationMode

from tandem.app.settings import Settings
from tandem.crm.identity import service as identity
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tests.conftest import settings_for
from tests.givens import api_key_of
from tests.serving import serving

OWN = {"/v1/openapi.json"}
REFERENCE = Path(__file__).parents[2] / "docs/reference/openapi.json"
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "2"))
"""How often each route is asked with what its description allows, and as often with what not."""
# A journey's steps hold steps: to draw one takes minutes. tests/marketing sends those nonsense.
LEFT_OUT = r".*stream$|^/v1/journeys"
RFC_6749 = re.compile(r" /v1/oauth/")
"""Routes whose refusals have the form that OAuth clients know."""


def _operations() -> dict[str, Any]:
    """By method and path, from the description as it is published."""
    schema = schemathesis.openapi.from_dict(msgspec.json.decode(REFERENCE.read_bytes()))
    read: Any = schema.exclude(path_regex=LEFT_OUT).get_all_operations()
    found = [one.ok() for one in read]
    return {one.label: one for one in found}


OPERATIONS = _operations()


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


@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_no_route_answers_with_a_crash(label: str, target: Target) -> None:
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

        @hypothesis.settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @hypothesis.given(case=OPERATIONS[label].as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            check(label, case, target)

        ask()


def check(label: str, case: Any, target: Target) -> None:
    key = {"authorization": f"Bearer {target.key}"}
    answer = case.call(base_url=target.base_url, headers=key, timeout=20)
    assert answer.status_code < 500 or answer.status_code == 503, answer.text
    if answer.status_code < 400:
        return
    body = answer.json()
    if RFC_6749.search(label) and "error" in body:
        return
    assert body["code"], body
    assert answer.headers["content-type"][0].startswith("application/problem+json")


def test_the_description_names_every_route_of_the_api(application: Litestar) -> None:
    hidden = {
        re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
        for route in application.routes
        if route.path.startswith("/v1/") and route.path not in OWN
    } - set(application.openapi_schema.to_schema()["paths"])
    assert {path for path in hidden if not path.endswith("stream")} == set()
