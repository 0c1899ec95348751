"""Answers to Razorpay's disputes.

https://razorpay.com/docs/api/disputes/contest, https://razorpay.com/docs/api/disputes/accept and
https://razorpay.com/docs/api/documents.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from tandem.scm.payments.domain import Fact, Source
from tandem.scm.payments.gateways.port import EvidencePaper
from tandem.scm.payments.gateways.razorpay.wire import (
    WireDispute,
    WireDocument,
    fact_of_dispute,
)

CLOCKS_APART = 60
"""Seconds by which the gateway's clock may be behind ours."""

ANSWERED = frozenset({"under_review", "won", "lost", "closed"})


class RazorpayDisputes:
    """`call` is the client's own: it knows the keys and how calls end."""

    def __init__(self, call: Callable[..., Awaitable[Any]]) -> None:
        self._call = call

    async def accept(self, provider_dispute_id: str, *, seen_at: datetime) -> Fact:
        path = f"disputes/{quote(provider_dispute_id, safe='')}/accept"
        told: WireDispute = await self._call("POST", path, WireDispute, json={})
        return fact_of_dispute(told, seen_at=seen_at, source=Source.ANSWER)

    async def contest(
        self,
        provider_dispute_id: str,
        *,
        amount_minor: int,
        summary: str,
        papers: Sequence[EvidencePaper],
        seen_at: datetime,
    ) -> Fact:
        """A paper handed in twice, because an answer was lost, is one that nothing names."""
        proofs: dict[str, list[str]] = {}
        for paper in papers:
            proofs.setdefault(paper.purpose, []).append(await self._hand_in(paper))
        body = {"amount": amount_minor, "summary": summary, **proofs, "action": "submit"}
        path = f"disputes/{quote(provider_dispute_id, safe='')}/contest"
        told: WireDispute = await self._call("PATCH", path, WireDispute, json=body)
        return fact_of_dispute(told, seen_at=seen_at, source=Source.ANSWER)

    async def is_answered(self, provider_dispute_id: str, *, since: datetime) -> bool:
        """One that needs more shows as open, with the evidence of its first round."""
        path = f"disputes/{quote(provider_dispute_id, safe='')}"
        told: WireDispute = await self._call("GET", path, WireDispute)
        submitted = told.evidence.submitted_at if told.evidence else None
        is_submitted = submitted is not None and submitted >= since.timestamp() - CLOCKS_APART
        return told.status in ANSWERED or is_submitted

    async def _hand_in(self, paper: EvidencePaper) -> str:
        made: WireDocument = await self._call(
            "POST",
            "documents",
            WireDocument,
            data={"purpose": "dispute_evidence"},
            files={"file": (paper.filename, paper.content, paper.media_type)},
        )
        return made.id
