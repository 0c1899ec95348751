"""Mail from a company's own domain is signed with its own key, and others can check it."""

import time
from email.message import EmailMessage
from typing import Any

import dkim  # type: ignore[import-untyped]
import pytest

from tandem.crm.marketing.jobs import check_domain
from tandem.crm.notifications.domain.dkim import Algorithm, new_pair, read_key, signed
from tandem.crm.notifications.domain.messages import Lane
from tandem.flows.campaign_sending import step
from tandem.flows.send_messages.lanes import run_lane
from tandem.kernel.db import Query
from tandem.kernel.jobs import Work
from tandem.kernel.names import Names
from tandem.kernel.resources import Resources
from tests.marketing.givens import Company, Json
from tests.marketing.test_leaving import post
from tests.marketing.test_senders import Told, claim, right
from tests.marketing.test_stopping import records
from tests.notifications.conftest import resources, sandbox, stand_ins
from tests.sandbox.serving import Sandbox

__all__ = ["post", "resources", "sandbox", "stand_ins"]

COVERED = {
    "from", "to", "subject", "date", "message-id", "list-unsubscribe", "list-unsubscribe-post",
    "list-id",
}  # fmt: skip
PRIVATE = Query("select private_key from marketing.mail_key where org_id = :org_id order by id")
ALGORITHMS: tuple[Algorithm, ...] = ("rsa", "ed25519")
PAIRS = {kind: new_pair(kind) for kind in ALGORITHMS}
MOST_MS: dict[Algorithm, float] = {"rsa": 10.0, "ed25519": 5.0}


def is_believed(letter: bytes, records: dict[str, list[str]], *, which: int = 0) -> bool:
    """By somebody else's reading of the RFC."""

    def ask(name: bytes, timeout: int = 5) -> bytes | None:
        found = records.get(name.decode().rstrip("."))
        return found[0].encode() if found else None

    try:
        return bool(dkim.DKIM(letter).verify(idx=which, dnsfunc=ask))
    except dkim.DKIMException:
        return False


def letter_of(body: str, **headers: str) -> bytes:
    made = EmailMessage()
    made["From"] = "Nilgiri Teas <hello@tea.example.test>"
    made["To"] = "asha@example.test"
    for name, value in ({"Subject": "Fresh   leaves, " * 12} | headers).items():
        made[name] = value
    made.set_content(body)
    return made.as_bytes()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(
    "body",
    ["", "\n\n\n", "One line", "Two  \t blanks \n\n\nand\tthree \n\n \n", "नमस्ते\n", "..\n.\n"],
)
def test_a_signature_holds_over_what_servers_may_change_and_no_more(
    algorithm: Algorithm, body: str
) -> None:
    pair = PAIRS[algorithm]
    key = read_key("tea.example.test", "td1", algorithm, pair.private)
    names = {"td1._domainkey.tea.example.test": [f"v=DKIM1; k={algorithm}; p={pair.public}"]}
    letter = signed(letter_of(body, **{"List-ID": "<marketing.list>"}), [key])
    assert is_believed(letter, names)
    assert is_believed(letter.replace(b"To: asha", b"To:   asha").rstrip() + b"\r\n" * 5, names)
    assert not is_believed(letter.replace(b"asha@", b"rasha@"), names)
    assert not is_believed(letter + b"and more\r\n", names)
    assert not is_believed(letter.replace(b"From:", b"From: x@evil.test\r\nFrom:", 1), names)
    assert not is_believed(b"List-ID: <other.list>\r\n" + letter, names)


def test_a_signature_costs_little() -> None:
    letter = letter_of("Words of some length.\n" * 200)
    for algorithm, most in MOST_MS.items():
        key = read_key("tea.example.test", "td1", algorithm, PAIRS[algorithm].private)
        began = time.process_time()
        for _ in range(20):
            signed(letter, [key])
        assert (time.process_time() - began) * 1000 / 20 < most


async def test_a_key_signs_once_its_record_is_seen_and_two_selectors_carry_a_change(
    company: Company, post: Work, sandbox: Sandbox
) -> None:
    """A-MKT-6, the signature: through the ledger and a mail server, before, with and after a
    change of keys."""
    names = Told()
    domain, address = await hello_at(company)
    at = f"/v1/sending-domains/{domain['id']}"
    first = (await company.client.post(f"{at}/mail-keys", json={})).json()
    assert (first["selector"], first["state"]) == ("td1r", "waiting")
    names.records = right(domain)
    await look(company, names, domain)
    before = await received(company, post, sandbox, address["id"], "before")
    assert b"DKIM-Signature" not in before

    names.records[first["name"]] = [first["record"].replace("; ", " ;  ")]
    company.hands.advance(minutes=1)
    await look(company, names, domain)
    letter = await received(company, post, sandbox, address["id"], "with")
    assert is_believed(letter, names.records)
    assert tag(letter, "d") == "tea.example.test"
    assert set(tag(letter, "h").split(":")) >= COVERED
    assert tag(letter, "c") == "relaxed/relaxed"

    second = (await company.client.post(f"{at}/mail-keys", json={})).json()
    short = (await company.client.post(f"{at}/mail-keys", json={"algorithm": "ed25519"})).json()
    names.records |= {one["name"]: [one["record"]] for one in (second, short)}
    await look(company, names, domain)
    company.hands.advance(minutes=1)
    after = await received(company, post, sandbox, address["id"], "after")
    assert tag(after, "s") == "td2r"
    assert is_believed(after, names.records)
    assert is_believed(after, names.records, which=1)
    assert is_believed(letter, names.records), "what is on its way can still be checked"
    await ask_for_one_by_hand(company, domain, short["record"])
    states = {one["selector"]: one["state"] for one in (await listed(company, at))}
    assert states == {
        "td1r": "resting",
        "td2r": "signing",
        "td3e": "signing",
        "td4r": "waiting",
    }
    sealed = [row["private_key"] for row in await records(company, PRIVATE)]
    assert sealed[0] is None
    assert PAIRS["rsa"].private[:20] not in sealed[1]

    del names.records[second["name"]], names.records[short["name"]]
    await look(company, names, domain)
    company.hands.advance(minutes=1)
    gone = await received(company, post, sandbox, address["id"], "gone")
    assert b"DKIM-Signature" not in gone
    removed = await company.client.delete(f"/v1/mail-keys/{first['id']}")
    assert removed.status_code == 204
    assert (await company.client.delete(f"/v1/mail-keys/{first['id']}")).status_code == 404
    assert "PRIVATE" not in str(await listed(company, at)).upper()


async def hello_at(company: Company) -> tuple[Json, Json]:
    """The company's domain, and an address of it to write from."""
    domain = await claim(company)
    made = await company.client.post(
        f"/v1/sending-domains/{domain['id']}/addresses",
        json={"local_part": "hello", "name": "Nilgiri Teas"},
    )
    (address,) = made.json()["addresses"]
    return domain, address


async def ask_for_one_by_hand(company: Company, domain: Json, shown: str) -> None:
    """On the page, which shows this record of a key that does not sign."""
    page = (await company.client.get("/settings/mail-domains")).text
    assert f"<code>{shown}</code>" in page
    assert "Another key signs." in page
    by_hand = await company.client.post(f"/settings/mail-domains/{domain['id']}/keys", data={})
    assert by_hand.status_code == 303


async def listed(company: Company, at: str) -> list[Json]:
    found: list[Json] = (await company.client.get(f"{at}/mail-keys")).json()
    return found


async def look(company: Company, names: Told, domain: Json) -> None:
    held = Resources()
    held.add(Names, names)
    await check_domain(Work(company.database, held, company.actor.org_id), domain["id"])


async def received(
    company: Company, post: Work, sandbox: Sandbox, address_id: str, prefix: str
) -> bytes:
    """What the mail server has got, to the byte."""
    ids = await company.people(1, prefix=prefix)
    everybody = await company.segment(ids, name=prefix)
    campaign = await company.draft(everybody, name=prefix, from_address_id=address_id)
    await company.schedule(campaign)
    await step(post, campaign["id"])
    await run_lane(post, Lane.BULK, seconds=20)
    mails: list[dict[str, Any]] = sandbox.http.get("/api/messages?kind=email").json()
    (mail,) = [one for one in mails if one["to"] == [f"{prefix}0@example.test"]]
    return sandbox.http.get(f"/api/messages/{mail['id']}/raw").content


def tag(letter: bytes, name: str) -> str:
    _, _, rest = letter.partition(b"DKIM-Signature:")
    value = "".join(rest.decode().split("\r\n\t")).partition("\r\n")[0]
    found = dict(part.strip().partition("=")[::2] for part in value.split(";"))
    return found[name].replace(" ", "").replace("\t", "")
