"""A sender in a process of its own, to be killed at any moment. Loaded once, then forked."""

import asyncio
import contextlib
import multiprocessing as mp
import os
import signal
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from uuid import UUID

import msgspec

from tandem.crm.notifications.domain.messages import Lane
from tandem.crm.notifications.gateways.port import Mailer, Site
from tandem.crm.notifications.gateways.smtp import SmtpMailer
from tandem.crm.notifications.service import leaving
from tandem.flows.send_messages.lanes import Budget, run_lane
from tandem.flows.send_messages.sweeping import tidy
from tandem.kernel.db import Database
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources

LEASE = timedelta(seconds=2)
"""Short, so that what a killed sender held is free soon; a try takes milliseconds here."""
PAUSE_SECONDS = 0.1


class Order(msgspec.Struct, frozen=True):
    dsn: str
    org_id: UUID
    smtp_port: int
    base_url: str
    connections: int
    batch: int


def start(order: Order) -> ForkServerProcess:
    context = mp.get_context("forkserver")
    context.set_forkserver_preload(["tests.notifications.sender"])
    process = context.Process(target=run, args=(order,), daemon=True)
    process.start()
    return process


def kill(process: ForkServerProcess) -> None:
    """As the machine would: no handler runs, nothing is said."""
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(10)


def run(order: Order) -> None:
    vars(leaving)["LEASE"] = LEASE
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_send(order))


async def _send(order: Order) -> None:
    database = await Database.connect(order.dsn, size_min=1, size_max=6)
    held = Resources()
    url = f"smtp://127.0.0.1:{order.smtp_port}"
    held.add(Mailer, SmtpMailer(url, sender="Tandem <no-reply@tandem.test>"))
    held.add(Site, Site(base_url=order.base_url))
    work = Work(database, held, order.org_id)
    budget = Budget(connections=order.connections, batch=order.batch)
    await asyncio.gather(*(_keep(work, lane, budget) for lane in (Lane.OTP, Lane.BULK)))


async def _keep(work: Work, lane: Lane, budget: Budget) -> None:
    """A lane of its own, as in a worker. The bulk one tidies up as well."""
    while True:
        if lane is Lane.BULK:
            await tidy(work)
        await run_lane(work, lane, seconds=1.0, budget=budget)
        await asyncio.sleep(PAUSE_SECONDS)
