"""Whatever happens in whatever order on both sides, with whatever failing in between: afterwards
both sides say the same, each comment is there once, and nothing internal was shown.

Four complaints live through each seed at once. Afterwards the network is whole again, an hour
passes, reconcile runs, and a second reconcile finds nothing.
"""

import asyncio
import logging
import os
import random
from collections import Counter
from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest

from tandem.kernel.errors import Refusal
from tandem.scm.support import service
from tandem.scm.support.domain.complaints import Complaint, ComplaintChange
from tandem.scm.support.domain.jira_connection import Mapping, Policy
from tandem.scm.support.domain.jira_link import LinkState
from tandem.scm.support.domain.statuses import MOVES, Origin, Status, Visibility
from tandem.scm.support.service import jira
from tests.support.jira_desk import CARE, DESK, JiraDesk

log = logging.getLogger(__name__)
SEEDS = int(os.environ.get("CONVERGENCE_SEEDS", "3"))
STEPS = int(os.environ.get("CONVERGENCE_STEPS", "40"))
COMPLAINTS = 4

HTTP_FAULTS = ("timeout_before", "timeout_after", "429", "500", "html_502", "503")
WEBHOOK_FAULTS = ("drop", "duplicate", "reorder", "bad_signature")
TRANSITIONS = {"CARE": ("11", "21", "31"), "DESK": ("5", "6", "7", "8", "9")}


class Story(msgspec.Struct, kw_only=True):
    """What was done, to be found on both sides afterwards."""

    desk: JiraDesk
    dice: random.Random
    complaints: list[Complaint]
    ours: dict[str, Counter[str]]
    theirs: dict[str, Counter[str]]
    tally: Counter[str]

    async def step(self) -> None:
        complaint = self.dice.choice(self.complaints)
        acts = {
            "say": self.say,
            "answer": self.answer,
            "move": self.move,
            "transition": self.transition,
            "rank": self.rank,
            "rename": self.rename,
        }
        kind = self.dice.choices(
            [*acts, "fault", "lose", "work", "kill"], weights=[4, 4, 3, 3, 1, 1, 3, 3, 4, 2]
        )[0]
        self.tally[kind] += 1
        if kind in acts:
            await acts[kind](complaint)
        elif kind == "fault":
            fault = self.dice.choice(HTTP_FAULTS)
            self.desk.sandbox.break_next("jira", fault, match="/rest", seconds=0.02)
        elif kind == "lose":
            fault = self.dice.choice(WEBHOOK_FAULTS)
            self.desk.sandbox.break_next("jira", fault, seconds=0.05)
        elif kind == "kill":
            await self.kill()
        else:
            await self.desk.work()
            await self.desk.advance(timedelta(seconds=self.dice.choice([1, 7, 40])))

    async def say(self, complaint: Complaint) -> None:
        words = f"ours {uuid4().hex}"
        visibility = self.dice.choice(list(Visibility))
        if (await self.desk.get(complaint)).status is Status.CLOSED:
            return
        await self.desk.say(complaint, words, visibility=visibility)
        self.ours[complaint.number][words] += 1

    async def answer(self, complaint: Complaint) -> None:
        key = await self.key(complaint)
        if key:
            words = f"theirs {uuid4().hex}"
            self.desk.comment(key, words, is_internal=self.dice.random() < 0.5)
            self.theirs[complaint.number][words] += 1

    async def move(self, complaint: Complaint) -> None:
        status = (await self.desk.get(complaint)).status
        options = sorted(MOVES[status] - {Status.CLOSED})
        if options:
            await self.desk.move(complaint, self.dice.choice(options))

    async def transition(self, complaint: Complaint) -> None:
        key = await self.key(complaint)
        if not key:
            return
        given = {"transition": {"id": self.dice.choice(TRANSITIONS[key.split("-")[0]])}}
        self.desk.agent.post(f"/issue/{key}/transitions", json=given)

    async def rank(self, complaint: Complaint) -> None:
        key = await self.key(complaint)
        if key:
            fields = {"priority": {"id": self.dice.choice("1234")}}
            self.desk.agent.put(f"/issue/{key}", json={"fields": fields})

    async def rename(self, complaint: Complaint) -> None:
        async with self.desk.database.transaction(self.desk.actor) as tx:
            try:
                await service.change(
                    tx,
                    complaint_id=complaint.id,
                    to=ComplaintChange(subject=f"Subject {self.dice.randrange(1000)}"),
                    origin=Origin.STAFF,
                    now=self.desk.now(),
                )
            except Refusal:
                return

    async def kill(self) -> None:
        """The worker dies at some await: what it had in hand stays as it was in the database."""
        task = asyncio.ensure_future(self.desk.work())
        for _ in range(self.dice.randrange(1, 400)):
            await asyncio.sleep(0)
            if task.done():
                break
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def key(self, complaint: Complaint) -> str:
        found = self.desk.issues(complaint)
        return found[0] if found else ""

    async def heal(self) -> None:
        """The network is whole; an hour passes; reconcile runs until it finds nothing."""
        self.desk.sandbox.http.delete("/sandbox/faults")
        for _ in range(3):
            await self.desk.advance(timedelta(minutes=20))
            await self.desk.settle()
        await jira.reconcile(self.desk.job, is_dry_run=False)
        await self.desk.settle()


async def same_on_both_sides(story: Story) -> int:
    """Asserts it, and says how many comments were compared."""
    desk, compared = story.desk, 0
    report = await jira.reconcile(desk.job, is_dry_run=True)
    assert report.findings == []
    for complaint in story.complaints:
        (key,) = desk.issues(complaint)
        link = await desk.link(complaint)
        assert (link.issue_key, link.state) == (key, LinkState.LINKED)
        here = await desk.get(complaint)
        issue = desk.issue(key)["fields"]
        is_done = issue["status"]["statusCategory"]["key"] == "done"
        assert is_done is (here.status in {Status.RESOLVED, Status.CLOSED})
        assert issue["summary"] == f"[{complaint.number}] {here.subject}"
        wanted = story.ours[complaint.number] + story.theirs[complaint.number]
        ours = Counter(message.body for message in await desk.messages(complaint))
        assert ours == wanted
        comments = desk.comments(key)
        there = Counter(one["body"].rpartition("\n")[2] for one in comments)
        assert there == wanted
        await _nothing_internal_is_shown(desk, complaint, comments)
        compared += wanted.total()
    return compared


async def _nothing_internal_is_shown(
    desk: JiraDesk, complaint: Complaint, comments: list[dict[str, object]]
) -> None:
    """Public here only what a service desk showed; internal of ours never shown there."""
    messages = {message.body: message for message in await desk.messages(complaint)}
    is_desk = (await desk.link(complaint)).is_desk
    for comment in comments:
        message = messages[str(comment["body"]).rpartition("\n")[2]]
        is_shown = is_desk and comment["jsdPublic"] is True
        if is_desk or message.origin is Origin.JIRA:
            assert (message.visibility is Visibility.PUBLIC) is is_shown


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("mapping", [CARE, DESK], ids=["plain", "desk"])
async def test_both_sides_end_up_saying_the_same(
    desk: JiraDesk, mapping: Mapping, seed: int
) -> None:
    await desk.connect(mapping, policy=Policy(shows_public_replies=True))
    dice = random.Random(f"{seed}-{mapping.project_key}")
    complaints = [await desk.complain() for _ in range(COMPLAINTS)]
    story = Story(
        desk=desk,
        dice=dice,
        complaints=complaints,
        ours={one.number: Counter() for one in complaints},
        theirs={one.number: Counter() for one in complaints},
        tally=Counter(),
    )
    for _ in range(STEPS):
        await story.step()
    await story.heal()
    compared = await same_on_both_sides(story)
    log.info("seed %s %s: %s, %s comments", seed, mapping.project_key, story.tally, compared)
