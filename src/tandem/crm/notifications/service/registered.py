"""Registered texts: kept as they were registered, and asked before a message leaves."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.notifications.domain.messages import Channel, Message
from tandem.crm.notifications.domain.policy import HOURS_SAY, PROMOTIONAL_HOURS
from tandem.crm.notifications.domain.registered import (
    ASKED_MAX,
    TEXTS_MAX,
    Ask,
    NewRegisteredText,
    NewRegistration,
    RegisteredText,
    RegisteredTextMissing,
    RegisteredTextTaken,
    Registration,
    Registry,
    TooManyRegisteredTexts,
    Verdict,
    check_new,
    check_registration,
    judge,
    match,
)
from tandem.crm.notifications.gateways.port import HourWrong, Leaving, Refused, Registered
from tandem.crm.notifications.service.reports import is_talking_since, phone_hash
from tandem.crm.notifications.store import receipts
from tandem.crm.notifications.store import registered as store
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.ids import new_id


async def dlt_check(tx: Tx, asks: Sequence[Ask]) -> list[Verdict]:
    """For each text, in order, in two queries: may it leave for its recipient. At most 1,000."""
    assert len(asks) <= ASKED_MAX, "ask for a thousand at a time"
    registration = await store.find_registration(tx)
    texts = await store.list_texts(tx) if registration else []
    return [judge(ask, registration, texts)[0] for ask in asks]


async def get_registration(tx: Tx) -> Registration | None:
    tx.actor.require("notifications.read")
    return await store.find_registration(tx)


async def save_registration(tx: Tx, new: NewRegistration, *, now: datetime) -> Registration:
    tx.actor.require("notifications.configure")
    check_registration(new)
    before = await store.find_registration(tx)
    await store.save_registration(tx, new, now=now)
    after = await store.find_registration(tx)
    assert after is not None, "it was written just now"
    await audit.write(
        tx,
        action="notifications.dlt_registration_changed",
        subject_kind="company",
        subject_id=tx.actor.org_id,
        before=msgspec.to_builtins(before) if before else None,
        after=msgspec.to_builtins(after),
        now=now,
    )
    return after


async def list_texts(tx: Tx) -> list[RegisteredText]:
    tx.actor.require("notifications.read")
    return await store.list_texts(tx)


async def get_text(tx: Tx, text_id: UUID) -> RegisteredText:
    tx.actor.require("notifications.read")
    return await _get(tx, text_id)


async def add_text(tx: Tx, new: NewRegisteredText, *, now: datetime) -> RegisteredText:
    """As it was registered, to the character."""
    tx.actor.require("notifications.configure")
    if len(await store.list_texts(tx)) >= TEXTS_MAX:
        raise TooManyRegisteredTexts(f"At most {TEXTS_MAX} texts.")
    check_new(new, await store.find_registration(tx))
    text_id = new_id()
    if not await store.insert(tx, text_id, new, now=now):
        raise RegisteredTextTaken("This template is here already.", field="template_id")
    added = await _get(tx, text_id)
    await _note(tx, "notifications.registered_text_added", added, now)
    return added


async def change_text(
    tx: Tx, text_id: UUID, new: NewRegisteredText, *, now: datetime
) -> RegisteredText:
    tx.actor.require("notifications.configure")
    before = await _get(tx, text_id)
    new = msgspec.structs.replace(new, registry=before.registry)
    check_new(new, await store.find_registration(tx))
    if not await store.update(tx, text_id, new, now=now):
        raise RegisteredTextTaken("This template is here already.", field="template_id")
    after = await _get(tx, text_id)
    await _note(tx, "notifications.registered_text_changed", after, now)
    return after


async def remove_text(tx: Tx, text_id: UUID, *, now: datetime) -> None:
    tx.actor.require("notifications.configure")
    before = await _get(tx, text_id)
    await store.delete(tx, text_id)
    await _note(tx, "notifications.registered_text_removed", before, now)


async def with_registration(tx: Tx, leaving: Leaving) -> Leaving:
    """As what the message is registered. Refuses a text to India that is not, where that is law,
    and raises HourWrong for a promotion at night."""
    message = leaving.message
    if message.channel is Channel.SMS:
        return await _as_dlt(tx, leaving, message)
    if message.channel is Channel.WHATSAPP:
        return await _as_chat(tx, leaving, message)
    return leaving


async def _as_dlt(tx: Tx, leaving: Leaving, message: Message) -> Leaving:
    registration = await store.find_registration(tx)
    if registration is None:
        return leaving
    texts = await store.list_texts(tx)
    for words in leaving.wordings or ("",):
        ask = Ask(text=words, recipient=message.recipient, purpose=message.purpose)
        verdict, text = judge(ask, registration, texts)
        if verdict.is_allowed:
            until = verdict.waits_until(tx.started_at)
            if until is not None:
                raise HourWrong(PROMOTIONAL_HOURS, HOURS_SAY, until)
            leaving = leaving.saying(words)
            break
    else:
        raise Refused(f"DLT, {verdict.reason}: {_told(verdict)}")
    if text is None:
        return leaving
    registered = Registered(
        template_id=text.template_id,
        name=text.name,
        variables=tuple(verdict.variables),
        entity_id=registration.entity_id,
        header=text.header,
    )
    return msgspec.structs.replace(leaving, registered=registered)


async def _as_chat(tx: Tx, leaving: Leaving, message: Message) -> Leaving:
    """An approved template, which is taken always; else any words within the day."""
    hashed = phone_hash(tx.actor.org_id, message.recipient)
    is_talking = is_talking_since(await receipts.last_talk(tx, hashed), tx.started_at)
    texts = [
        one
        for one in await store.list_texts(tx)
        if one.registry is Registry.WHATSAPP and one.is_active
    ]
    for words in leaving.wordings:
        for text in texts:
            values = match(text, words)
            if values is None or any("\n" in value for value in values):
                continue
            registered = Registered(
                template_id=text.template_id,
                name=text.template_id,
                variables=tuple(values),
                language=text.language,
            )
            return msgspec.structs.replace(
                leaving.saying(words), registered=registered, is_talking=is_talking
            )
    return msgspec.structs.replace(leaving, is_talking=is_talking)


def _told(verdict: Verdict) -> str:
    """With the places where it differs: what is missing in [-…-], what is too much in {+…+}."""
    marks = {"missing": "[-{}-]", "extra": "{{+{}+}}", "variable": "‹{}›", "same": "{}"}
    shown = "".join(marks[piece.op].format(piece.text) for piece in verdict.diff)
    return f"{verdict.detail} {shown}".strip()


async def _get(tx: Tx, text_id: UUID) -> RegisteredText:
    found = await store.find_text(tx, text_id)
    if found is None:
        raise RegisteredTextMissing("There is no such registered text.")
    return found


async def _note(tx: Tx, action: str, text: RegisteredText, now: datetime) -> None:
    await audit.write(
        tx,
        action=action,
        subject_kind="registered_text",
        subject_id=text.id,
        after=msgspec.to_builtins(text),
        now=now,
    )
