"""Judging openings and clicks once the seconds are over that tell machines from people, and looking
at the records of sending domains."""

import asyncio
from uuid import UUID

from tandem.crm.marketing import service
from tandem.crm.marketing.domain.mail_keys import with_keys
from tandem.crm.marketing.domain.senders import judge, names_of
from tandem.kernel.errors import NotFound
from tandem.kernel.jobs import Work, enqueue, every, job
from tandem.kernel.names import Names, NamesUnanswered


@every(5, "marketing.settle")
async def settle(work: Work) -> None:
    async with work.transaction() as tx:
        await service.settle(tx, now=work.now())


@every(600, "marketing.check_domains")
async def check_domains(work: Work) -> None:
    async with work.transaction() as tx:
        for domain_id in await service.due_checks(tx, work.now()):
            await enqueue(tx, service.CHECK, dedupe=str(domain_id), domain_id=str(domain_id))


@job(service.CHECK)
async def check_domain(work: Work, domain_id: str) -> None:
    """Ask with no transaction open, then record. Silence changes nothing."""
    async with work.transaction() as tx:
        try:
            known = await service.get_domain(tx, UUID(domain_id))
        except NotFound:
            return
        keys = await service.list_keys(tx, known.id)
    names = names_of(known.domain, known.dkim_selector) | {key.name: key.name for key in keys}
    try:
        answers = await asyncio.gather(*(work.get(Names).texts(one) for one in names.values()))
    except NamesUnanswered:
        return
    records = dict(zip(names, answers, strict=True))
    found = judge(records, challenge=known.challenge)
    async with work.transaction() as tx:
        await service.record_keys(tx, keys, records, now=work.now())
        found = with_keys(found, await service.list_keys(tx, known.id))
        await service.record_check(tx, known.id, found, now=work.now())
