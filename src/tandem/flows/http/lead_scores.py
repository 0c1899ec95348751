"""Score rules, thresholds, a lead's score explained, and what leads did, over HTTP."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post, put
from litestar.params import FromPath, JSONBody

from tandem.crm.sales.domain.leads import LeadMerged
from tandem.crm.sales.domain.scoring import (
    Effect,
    Explained,
    NewBehaviour,
    ScoreRule,
    ScoreRuleDraft,
    ScoreRuleTaken,
    Threshold,
)
from tandem.crm.sales.service import scoring
from tandem.flows import score_leads as flow
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import Now, Transaction, refusals
from tandem.kernel.http.noting import COMPUTES
from tandem.kernel.rules import RuleWrong


class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    thresholds: Annotated[list[Threshold], msgspec.Meta(max_length=10)]


class ScoreRulesController(Controller):
    path = "/v1/score-rules"
    tags = ("sales",)

    @get("/", responses=refusals(Forbidden))
    async def list_rules(self, tx: Transaction) -> list[ScoreRule]:
        return await scoring.list_rules(tx)

    @post("/", responses=refusals(Forbidden, Invalid, RuleWrong, ScoreRuleTaken))
    async def add_rule(
        self, data: JSONBody[ScoreRuleDraft], tx: Transaction, now: Now
    ) -> ScoreRule:
        """Every lead is scored anew by it, in the background."""
        return await scoring.add_rule(tx, data, await flow.vocabulary(tx), now=now)

    @put(
        "/{rule_id:uuid}",
        responses=refusals(Forbidden, NotFound, Invalid, RuleWrong, ScoreRuleTaken),
    )
    async def change_rule(
        self, rule_id: FromPath[UUID], data: JSONBody[ScoreRuleDraft], tx: Transaction, now: Now
    ) -> ScoreRule:
        """The rule as it shall be; `is_active` false takes its points back."""
        return await scoring.change_rule(tx, rule_id, data, await flow.vocabulary(tx), now=now)

    @post(
        "/preview",
        opt=COMPUTES,
        status_code=200,
        responses=refusals(Forbidden, Invalid, RuleWrong),
    )
    async def preview(self, data: JSONBody[ScoreRuleDraft], tx: Transaction, now: Now) -> Effect:
        """What the rule would do to the newest 500 leads that the reader may see."""
        return await scoring.preview(tx, data, await flow.vocabulary(tx), now=now)


class ScoreThresholdsController(Controller):
    path = "/v1/score-thresholds"
    tags = ("sales",)

    @get("/", responses=refusals(Forbidden))
    async def list_thresholds(self, tx: Transaction) -> list[Threshold]:
        return await scoring.list_thresholds(tx)

    @put("/", responses=refusals(Forbidden, Invalid))
    async def change_thresholds(
        self, data: JSONBody[Thresholds], tx: Transaction, now: Now
    ) -> list[Threshold]:
        return await scoring.change_thresholds(tx, data.thresholds, now=now)


class LeadScoreController(Controller):
    path = "/v1/leads/{lead_id:uuid}"
    tags = ("sales",)

    @get("/score", responses=refusals(Forbidden, NotFound, LeadMerged))
    async def explain(self, lead_id: FromPath[UUID], tx: Transaction, now: Now) -> Explained:
        """Every award that is worth something now; they add up to the score."""
        return await scoring.explain_score(tx, lead_id, now=now)

    @post(
        "/behaviours",
        status_code=202,
        responses=refusals(Forbidden, NotFound, LeadMerged, Invalid),
    )
    async def note_behaviour(
        self, lead_id: FromPath[UUID], data: JSONBody[NewBehaviour], tx: Transaction, now: Now
    ) -> None:
        """Something the lead did, told by your own systems. The same `id` counts once."""
        await flow.note_behaviour(tx, lead_id, data, now=now)
