"""Mail about one's own account: a code, a link to a new password, a word about what changed.

Queued by identity for every address alike; only here is it seen whether anybody has it.
"""

from datetime import timedelta
from uuid import UUID

from tandem.crm.identity.domain.codes import Letter
from tandem.crm.identity.service import mailed, notices
from tandem.crm.notifications import service as notifications
from tandem.kernel.actor import Actor
from tandem.kernel.company import clock_time
from tandem.kernel.db import Tx
from tandem.kernel.jobs import Work, job


@job(mailed.SEND_CODE)
async def send_code(work: Work, proof_id: str, email: str) -> None:
    now = work.now()
    async with work.transaction() as own:
        letter = await mailed.write_code(own, proof_id=UUID(proof_id), email=email, now=now)
        if letter:
            facts = {"code": letter.secret}
            await _post(own, letter, "sign_in_code", facts, life=mailed.CODE_LIFE)


@job(mailed.SEND_RESET)
async def send_reset(work: Work, email: str) -> None:
    now = work.now()
    async with work.transaction() as own:
        letter = await mailed.write_reset(own, email=email, now=now)
        if letter:
            facts = {"reset_link": f"/reset/{letter.secret}"}
            await _post(own, letter, "password_reset", facts, life=mailed.RESET_LIFE)


@job(notices.SEND_NOTICE)
async def send_notice(work: Work, person_id: str, what: str, occasion: str) -> None:
    async with work.transaction() as own:
        letter = await mailed.write_notice(own, person_id=UUID(person_id), occasion=occasion)
        if letter:
            await _post_notice(work, own, letter, what)


@job(notices.SEND_WARNING)
async def send_warning(work: Work, email: str, what: str, occasion: str) -> None:
    """To whoever has this address, if anybody does."""
    async with work.transaction() as own:
        letter = await mailed.write_notice(own, email=email, occasion=occasion)
        if letter:
            await _post_notice(work, own, letter, what)


async def _post_notice(work: Work, own: Tx, letter: Letter, what: str) -> None:
    async with own.company(Actor.system(letter.company_id)) as tx:
        when = await clock_time(tx, work.now())
    facts = {"what": what, "when": when, "security_link": "/security"}
    await _post(own, letter, "account_notice", facts)


async def _post(
    own: Tx,
    letter: Letter,
    template: str,
    facts: dict[str, str],
    *,
    life: timedelta | None = None,
) -> None:
    """In the name of the company they were in last; what has a life is a secret."""
    async with own.company(Actor.system(letter.company_id)) as tx:
        await notifications.send(
            tx,
            template=template,
            order_id=None,
            email=letter.email,
            phone=None,
            parameters={"company": letter.company_name, "name": letter.name, **facts},
            dedupe=letter.dedupe,
            now=own.started_at,
            is_secret=life is not None,
            not_after=own.started_at + life if life else None,
        )
