"""The demo company's Jira: the stand-in, connected as a person would connect the real one."""

from datetime import datetime
from uuid import UUID

from tandem.kernel import jobs
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.jobs import Work
from tandem.scm.support.domain.jira_connection import (
    Kind,
    Mapping,
    NewConnection,
    Policy,
    State,
)
from tandem.scm.support.domain.statuses import Severity
from tandem.scm.support.service.jira.connections import add_connection, save_mappings, set_state
from tandem.scm.support.service.jira.setting_up import register_webhook, test_connection

PROVE_JOB = "support.prove_jira_connection"
PRIORITIES = {
    Severity.CRITICAL: "1",
    Severity.HIGH: "2",
    Severity.NORMAL: "3",
    Severity.LOW: "4",
}


async def seed_demo(tx: Tx, *, sandbox_url: str, now: datetime) -> None:
    """With the stand-in's public credentials. It is proven once the stand-in is up."""
    given = NewConnection(
        name="Demo Jira",
        kind=Kind.CLOUD_TOKEN,
        site_url=f"{sandbox_url.rstrip('/')}/jira",
        email="tandem@sandbox.test",
        token="sandbox_jira_token",  # noqa: S106 - the stand-in's, open to everybody here
    )
    connection = await add_connection(tx, given, now=now)
    usual = Mapping(
        project_key="DESK",
        issue_type_id="10011",
        service_desk_id="1",
        request_type_id="1",
        priorities=PRIORITIES,
    )
    policy = Policy(shows_public_replies=True)
    await save_mappings(tx, connection.id, [usual], policy=policy, now=now)
    await jobs.enqueue(tx, PROVE_JOB, connection_id=connection.id)


async def prove(work: Work, connection_id: UUID) -> bool:
    """Test it, have its webhooks sent here, activate it; False while it does not answer."""
    try:
        await test_connection(work, connection_id)
        await register_webhook(work, connection_id)
        async with work.transaction() as tx:
            await set_state(tx, connection_id, State.ACTIVE, now=work.now())
    except Refusal:
        return False
    return True
