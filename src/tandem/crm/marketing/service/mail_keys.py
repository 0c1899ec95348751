"""Signing keys of a company's own mail domains: made, proven by their records, taken out of use."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from tandem.crm.marketing.domain.mail_keys import (
    KEYS_MAX,
    PURPOSE,
    Algorithm,
    MailKey,
    NewMailKey,
    TooManyMailKeys,
    after_look,
    selector_of,
)
from tandem.crm.marketing.domain.permissions import CONFIGURE, READ
from tandem.crm.marketing.store import mail_keys as store
from tandem.kernel import audit, jobs, secrets
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id

CHECK = "marketing.check_domain"


class _Missing(NotFound):
    code = "mail_key_not_found"


async def list_keys(tx: Tx, domain_id: UUID | None = None) -> list[MailKey]:
    """Of one domain, or of all; oldest first. Never with a private half."""
    tx.actor.require(READ)
    return await store.list_keys(tx, domain_id)


async def add_key(
    tx: Tx, domain_id: UUID, new: NewMailKey, *, public: str, private: bytes, now: datetime
) -> MailKey:
    """A new key beside those that sign: it takes over once its record is seen."""
    tx.actor.require(CONFIGURE)
    number = await store.next_number(tx, domain_id)
    if number is None:
        raise NotFound("There is no such sending domain.")
    if len(await store.list_keys(tx, domain_id)) >= KEYS_MAX:
        raise TooManyMailKeys(f"A domain has {KEYS_MAX} keys at most: remove one that rests.")
    key_id = new_id()
    await store.insert(
        tx,
        key_id,
        domain_id,
        new,
        selector=selector_of(new.algorithm, number),
        public_key=public,
        private_key=secrets.seal(
            private, org_id=tx.actor.org_id, purpose=PURPOSE, subject=str(key_id)
        ),
        now=now,
    )
    made = await _get(tx, key_id)
    await _note(tx, "marketing.add_mail_key", made, now)
    await jobs.enqueue(tx, CHECK, dedupe=str(domain_id), domain_id=str(domain_id))
    return made


async def remove_key(tx: Tx, key_id: UUID, *, now: datetime) -> MailKey:
    """Letters are not signed with it any more from the next half minute on."""
    tx.actor.require(CONFIGURE)
    known = await _get(tx, key_id)
    await store.delete(tx, key_id)
    await _note(tx, "marketing.remove_mail_key", known, now)
    return known


async def record_keys(
    tx: Tx, keys: Sequence[MailKey], records: Mapping[str, Sequence[str]], *, now: datetime
) -> None:
    """What the records say now, by name: who signs, who rests, who waits again."""
    seen = [
        key.id
        for key in keys
        if any(_plain(record) == _plain(key.record) for record in records.get(key.name, ()))
    ]
    moves = after_look(keys, seen)
    await store.rest(tx, moves.resting, now)
    await store.move(tx, moves.signing, "signing", now)
    await store.move(tx, moves.waiting, "waiting", now)


async def open_keys(tx: Tx) -> list[tuple[str, str, Algorithm, bytes]]:
    """(domain, selector, algorithm, private half) of every key that signs. For who signs alone:
    it asks no permission and its answer is shown to nobody."""
    return [
        (
            one.domain,
            one.selector,
            one.algorithm,
            secrets.unseal(
                one.private_key, org_id=tx.actor.org_id, purpose=PURPOSE, subject=str(one.id)
            ),
        )
        for one in await store.signing(tx)
    ]


def _plain(record: str) -> str:
    """The key itself: tags may stand in any order, with any blanks, and with others beside them."""
    tags = dict(part.partition("=")[::2] for part in "".join(record.split()).split(";"))
    return tags.get("p", "")


async def _get(tx: Tx, key_id: UUID) -> MailKey:
    found = await store.find(tx, key_id)
    if found is None:
        raise _Missing("There is no such key.")
    return found


async def _note(tx: Tx, action: str, key: MailKey, now: datetime) -> None:
    await audit.write(
        tx,
        action=action,
        subject_kind="sending_domain",
        subject_id=key.domain_id,
        now=now,
        after={"selector": key.selector, "algorithm": key.algorithm},
    )
