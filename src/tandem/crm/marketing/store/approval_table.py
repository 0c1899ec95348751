"""Where each yes that was asked for is kept: one table for campaigns, one for journeys, alike."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, LiteralString, TypeVar
from uuid import UUID

import msgspec

from tandem.crm.marketing.domain.approvals import Standing
from tandem.kernel.db import Query, Tx

A = TypeVar("A")


class ApprovalTable(Generic[A]):
    """`subject` is the column that names what the yes is for."""

    def __init__(self, table: LiteralString, *, subject: LiteralString, row: type[A]) -> None:
        kept: LiteralString = f"""
            select id, {subject}, state, people, plan, segments, note, asked_by, asked_at,
                   decided_by, decided_at, answer, voided_at
              from {table}
             where org_id = :org_id
        """
        of_subject: LiteralString = f" and {subject} = :subject_id"
        live: LiteralString = " and state in ('asked', 'approved')"
        self._row = row
        self._get = Query(kept + " and id = :id")
        self._of_subject = Query(kept + of_subject + " order by id desc limit 20")
        self._waiting = Query(kept + " and state = 'asked' order by id desc limit :count")
        self._in_force = Query(kept + of_subject + live)
        self._insert = Query(
            f"""
            insert into {table}
                   (org_id, id, {subject}, state, people, plan, segments, note, asked_by, asked_at)
            values (:org_id, :id, :subject_id, 'asked', :people, :plan::jsonb, :segments::jsonb,
                    :note, :asked_by, :now)
            """
        )
        self._decide = Query(
            f"""
            update {table}
               set state = :state, decided_by = :decided_by, decided_at = :now, answer = :answer
             where org_id = :org_id and id = :id and state = 'asked'
            """
        )
        self._void = Query(
            f"update {table} set state = 'void', voided_at = :now where org_id = :org_id"
            + of_subject
            + live
            + " returning id"
        )

    async def find(self, tx: Tx, approval_id: UUID) -> A | None:
        return await tx.one_or_none(self._get, self._row, id=approval_id)

    async def of_subject(self, tx: Tx, subject_id: UUID) -> list[A]:
        """Newest first."""
        return await tx.many(self._of_subject, self._row, subject_id=subject_id)

    async def waiting(self, tx: Tx, count: int) -> list[A]:
        return await tx.many(self._waiting, self._row, count=count)

    async def in_force(self, tx: Tx, subject_id: UUID) -> A | None:
        """The one that is asked for or given, and void by no change."""
        return await tx.one_or_none(self._in_force, self._row, subject_id=subject_id)

    async def insert(
        self,
        tx: Tx,
        approval_id: UUID,
        subject_id: UUID,
        *,
        people: int | None,
        plan: msgspec.Struct,
        segments: Mapping[UUID, int],
        note: str,
        asked_by: UUID | None,
        now: datetime,
    ) -> None:
        asked: dict[str, Any] = {"people": people, "note": note, "asked_by": asked_by, "now": now}
        await tx.run(
            self._insert,
            id=approval_id,
            subject_id=subject_id,
            plan=msgspec.to_builtins(plan),
            segments=msgspec.to_builtins(dict(segments)),
            **asked,
        )

    async def decide(
        self,
        tx: Tx,
        approval_id: UUID,
        state: Standing,
        *,
        decided_by: UUID,
        answer: str,
        now: datetime,
    ) -> bool:
        """False where it is no longer asked for."""
        decided = {"decided_by": decided_by, "answer": answer, "now": now}
        return bool(await tx.run(self._decide, id=approval_id, state=state, **decided))

    async def void(self, tx: Tx, subject_id: UUID, now: datetime) -> list[UUID]:
        found = await tx.records(self._void, subject_id=subject_id, now=now)
        return [row["id"] for row in found]
