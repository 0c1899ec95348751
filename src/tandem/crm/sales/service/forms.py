"""Forms: made, changed as a whole, found by their address."""

import secrets as random
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.forms import Form, FormDraft, check_form, slug_of
from tandem.crm.sales.domain.permissions import CONFIGURE, READ
from tandem.crm.sales.domain.proofs import Puzzle, set_puzzle
from tandem.crm.sales.service.pipelines import get_pipeline
from tandem.crm.sales.store import forms as store
from tandem.crm.sales.store.forms import Address
from tandem.kernel import audit, secrets
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id

FORMS_MAX = 200
KEY = "sales.form_key"
UNKNOWN = "There is no such form."
_ENDING = "abcdefghjkmnpqrstuvwxyz23456789"


async def add_form(tx: Tx, draft: FormDraft, *, now: datetime) -> Form:
    """Its address is its name with an ending that nobody guesses, and never changes."""
    tx.actor.require(CONFIGURE)
    draft = await _checked(tx, draft)
    if await store.count(tx) >= FORMS_MAX:
        raise Invalid(f"A company has {FORMS_MAX} forms at most.", field="name")
    form_id = new_id()
    slug = slug_of(draft.name, "".join(random.choice(_ENDING) for _ in range(8)))
    key = secrets.seal(
        random.token_hex(32).encode(), org_id=tx.actor.org_id, purpose=KEY, subject=str(form_id)
    )
    await store.insert(tx, form_id, slug, _row(draft), key, now)
    return await _noted(tx, "sales.form_added", form_id, None, now)


async def change_form(tx: Tx, form_id: UUID, draft: FormDraft, *, now: datetime) -> Form:
    """The form as it shall be; what was sent stays as it was sent."""
    tx.actor.require(CONFIGURE)
    before = await store.lock(tx, form_id)
    if before is None:
        raise NotFound(UNKNOWN)
    await store.update(tx, form_id, _row(await _checked(tx, draft)), now)
    return await _noted(tx, "sales.form_changed", form_id, before, now)


async def get_form(tx: Tx, form_id: UUID) -> Form:
    tx.actor.require(READ)
    found = await store.find(tx, form_id)
    if found is None:
        raise NotFound(UNKNOWN)
    return found


async def list_forms(tx: Tx) -> list[Form]:
    """Those in use first, the newest first; 200 at most."""
    tx.actor.require(READ)
    return await store.list_forms(tx)


async def find_address(database: Database, slug: str) -> Address:
    """Raises NotFound for an address that no active form has."""
    if len(slug) > 80 or not slug.isascii() or not slug.isprintable():
        raise NotFound(UNKNOWN)
    found = await store.find_address(database, slug)
    if found is None:
        raise NotFound(UNKNOWN)
    return found


async def open_form(tx: Tx, form_id: UUID) -> Form:
    """For whoever holds its address."""
    found = await store.find(tx, form_id)
    if found is None or not found.is_active:
        raise NotFound(UNKNOWN)
    return found


async def puzzle(tx: Tx, form: Form, *, now: datetime) -> Puzzle:
    """A challenge for one submission of this form. Nothing is written."""
    return set_puzzle(form.id, form.effort, await signing_key(tx, form.id), now)


async def signing_key(tx: Tx, form_id: UUID) -> str:
    sealed = await store.sealed_key(tx, form_id)
    plain = secrets.unseal(sealed, org_id=tx.actor.org_id, purpose=KEY, subject=str(form_id))
    return plain.decode()


async def _checked(tx: Tx, draft: FormDraft) -> FormDraft:
    if draft.pipeline_id is not None:
        try:
            await get_pipeline(tx.with_all_grants(), draft.pipeline_id)
        except NotFound as reason:
            raise Invalid("There is no such pipeline.", field="pipeline_id") from reason
    return check_form(draft)


def _row(draft: FormDraft) -> dict[str, Any]:
    row = msgspec.structs.asdict(draft)
    row["fields"] = msgspec.to_builtins(draft.fields)
    row["consents"] = msgspec.to_builtins(draft.consents)
    return row


async def _noted(tx: Tx, action: str, form_id: UUID, before: Form | None, now: datetime) -> Form:
    after = await store.find(tx, form_id)
    assert after, "it was written a moment ago"
    await audit.write(
        tx,
        action=action,
        subject_kind="lead_form",
        subject_id=form_id,
        now=now,
        before=msgspec.to_builtins(before),
        after=msgspec.to_builtins(after),
    )
    return after
