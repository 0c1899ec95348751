"""Payment links and UPI QR codes (P10): asked once, paid in full or in parts, taken back, expired,
reminded of, and never paid twice."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import msgspec
import pytest
from litestar import Litestar

from tandem.contracts.orders import OrderSnapshot
from tandem.flows import collect_payment
from tandem.flows.collect_payment import OrderNotPayable
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Forbidden, IllegalMove
from tandem.kernel.ids import new_id
from tandem.scm.delivery import service as delivery
from tandem.scm.orders import service as orders
from tandem.scm.payments import jobs as payment_jobs
from tandem.scm.payments import service as payments
from tandem.scm.payments.domain import (
    LinkKind,
    LinkLive,
    LinkStatus,
    NothingToPay,
    PaymentLink,
    RemindedEnough,
)
from tandem.scm.shipping import service as shipping
from tests.givens import api_key_of, visitor
from tests.payments.shop import TOTAL, Shop
from tests.waiting import until


async def collect(shop: Shop, order_id: UUID, **options: Any) -> PaymentLink:
    wanted: dict[str, Any] = {"kind": LinkKind.LINK} | options
    async with shop.database.transaction(shop.actor) as tx:
        return await collect_payment.collect(tx, order_id, now=shop.now(), **wanted)


async def opened(shop: Shop, **options: Any) -> tuple[OrderSnapshot, PaymentLink]:
    """An order to be paid on delivery, and a link for it that can be paid."""
    order = await shop.place(method="cod")
    link = await collect(shop, order.id, **options)
    await shop.work()
    return order, await again(shop, link)


async def again(shop: Shop, link: PaymentLink) -> PaymentLink:
    async with shop.database.transaction(shop.actor) as tx:
        return await payments.get_link(tx, link.id)


async def look(shop: Shop, *, after: timedelta = timedelta(minutes=2)) -> None:
    shop.clock.moved += after
    await payment_jobs.watch_links(shop.job)
    await shop.work()


def pay(shop: Shop, link: PaymentLink, amount: int | None = None) -> httpx2.Response:
    path = f"/sandbox/razorpay/links/{link.provider_link_id}/payment"
    return shop.sandbox.http.post(path, json={} if amount is None else {"amount": amount})


@pytest.mark.parametrize("kind", list(LinkKind))
async def test_what_is_due_is_asked_for_once_paid_and_counted(shop: Shop, kind: LinkKind) -> None:
    order, link = await opened(shop, kind=kind)
    assert (link.status, link.amount_minor, link.reference) == ("open", TOTAL, f"{order.number}-L1")
    assert link.url.startswith(shop.sandbox.settings.base_url)
    assert (await collect(shop, order.id, kind=kind)).id == link.id
    assert pay(shop, link).status_code == 201
    await look(shop)
    paid = await again(shop, link)
    assert (paid.status, paid.paid_minor) == ("paid", TOTAL)
    (payment,) = await shop.payments(order.id)
    assert (payment.link_id, payment.standing, payment.status) == (link.id, "counted", "captured")
    after = await shop.order(order.id)
    assert (after.paid_minor, after.payment_status) == (TOTAL, "paid")
    told = await shop.topics(order.id)
    assert told.count("payments.link_ready") == told.count("payments.captured") == 1
    with pytest.raises(NothingToPay):
        await collect(shop, order.id)
    await look(shop, after=timedelta(days=9))
    assert await again(shop, link) == paid


async def test_a_link_is_paid_in_parts_and_ends_with_the_last(shop: Shop) -> None:
    order, link = await opened(shop, accepts_partial=True)
    assert pay(shop, link, 50_000).status_code == 201
    await look(shop)
    part = await again(shop, link)
    assert (part.status, part.paid_minor) == ("open", 50_000)
    assert (await shop.order(order.id)).payment_status == "partially_paid"
    assert pay(shop, link, TOTAL).status_code == 409
    assert pay(shop, link).status_code == 201
    await look(shop)
    assert (await again(shop, link)).status == "paid"
    assert sorted(one.captured_minor for one in await shop.payments(order.id)) == [50_000, 68_000]
    assert (await shop.order(order.id)).payment_status == "paid"


async def test_a_link_for_a_part_of_what_is_due_leaves_the_rest_due(shop: Shop) -> None:
    order, link = await opened(shop, amount_minor=20_000)
    pay(shop, link)
    await look(shop)
    rest = await collect(shop, order.id, kind=LinkKind.UPI_QR)
    assert (rest.amount_minor, rest.reference) == (TOTAL - 20_000, f"{order.number}-L2")


async def test_what_is_paid_by_a_code_on_the_way_is_not_collected_again_at_the_door(
    shop: Shop,
) -> None:
    order, link = await opened(shop, kind=LinkKind.UPI_QR, amount_minor=50_000)
    assert await at_the_door(shop, order.id) == (TOTAL, TOTAL)
    pay(shop, link)
    await look(shop)
    assert await at_the_door(shop, order.id) == (TOTAL - 50_000, TOTAL - 50_000)
    rest = await collect(shop, order.id, kind=LinkKind.UPI_QR)
    await shop.work()
    pay(shop, await again(shop, rest))
    await look(shop)
    assert await at_the_door(shop, order.id) == (0, 0)
    assert (await shop.topics(order.id)).count("shipping.cash_to_collect_lowered") == 2


async def at_the_door(shop: Shop, order_id: UUID) -> tuple[int, int]:
    """What the shipment says and what its driver is told to collect."""
    async with shop.database.transaction(Actor.system(shop.actor.org_id)) as tx:
        (parcel,) = await shipping.list_of_order(tx, order_id)
        (stop,) = await delivery.list_of_order(tx, order_id)
    return parcel.cod_minor, stop.cod_minor


async def test_links_are_refused_where_nothing_is_due_or_another_asks(shop: Shop) -> None:
    order, link = await opened(shop)
    prepaid = await shop.place()
    cancelled = await shop.place(method="cod")
    async with shop.database.transaction(shop.actor) as tx:
        await orders.cancel(tx, cancelled.id, reason="x", now=shop.now())
    for asked, refusal, options in (
        (order.id, LinkLive, {"kind": LinkKind.UPI_QR}),
        (order.id, NothingToPay, {"amount_minor": TOTAL + 1}),
        (prepaid.id, OrderNotPayable, {}),
        (cancelled.id, OrderNotPayable, {}),
    ):
        with pytest.raises(refusal):
            await collect(shop, asked, **options)
    async with shop.database.transaction(shop.actor) as tx:
        wanted = payments.LinkFilter(order_id=order.id)
        page = await payments.list_links(tx, wanted, limit=10, cursor=None)
    assert [one.id for one in page.items] == [link.id]


async def test_taken_back_it_can_no_longer_be_paid(shop: Shop) -> None:
    order, link = await opened(shop)
    async with shop.database.transaction(shop.actor) as tx:
        closing = await payments.cancel_link(tx, link.id, now=shop.now())
    assert closing.status is LinkStatus.CLOSING
    await shop.work()
    assert (await again(shop, link)).status == "cancelled"
    assert pay(shop, link).status_code == 409
    assert (await shop.topics(order.id)).count("payments.link_closed") == 1
    async with shop.database.transaction(shop.actor) as tx:
        assert (await payments.cancel_link(tx, link.id, now=shop.now())).status == "cancelled"
        with pytest.raises(IllegalMove):
            await payments.remind(tx, link.id, now=shop.now())
    assert (await collect(shop, order.id)).reference == f"{order.number}-L2"


async def test_paid_while_it_was_being_taken_back_counts(shop: Shop) -> None:
    order, link = await opened(shop)
    pay(shop, link)
    async with shop.database.transaction(shop.actor) as tx:
        await payments.cancel_link(tx, link.id, now=shop.now())
    await shop.work()
    assert (await again(shop, link)).status == "paid"
    assert (await shop.order(order.id)).paid_minor == TOTAL


async def test_a_cancelled_order_takes_its_link_back(shop: Shop) -> None:
    order, link = await opened(shop)
    async with shop.database.transaction(shop.actor) as tx:
        await orders.cancel(tx, order.id, reason="x", now=shop.now())
    await shop.work()
    assert (await again(shop, link)).status == "cancelled"


@pytest.mark.parametrize(
    ("kind", "minutes", "lives"),
    [
        (LinkKind.LINK, None, timedelta(days=7)),
        (LinkKind.LINK, 5, timedelta(minutes=20)),
        (LinkKind.UPI_QR, None, timedelta(minutes=30)),
        (LinkKind.UPI_QR, 600, timedelta(hours=2)),
    ],
)
async def test_it_expires_within_what_the_gateway_takes(
    shop: Shop, kind: LinkKind, minutes: int | None, lives: timedelta
) -> None:
    asked = timedelta(minutes=minutes) if minutes else None
    _, link = await opened(shop, kind=kind, lives=asked)
    assert link.expires_at - link.created_at == lives
    span = f"{int(lives.total_seconds()) + 60}s"
    shop.sandbox.http.post("/sandbox/clock", json={"advance": span})
    path = "payment_links" if kind is LinkKind.LINK else "payments/qr_codes"
    there = f"{path}/{link.provider_link_id}"
    until(lambda: shop.at_gateway(there)["status"] in {"expired", "closed"})
    assert pay(shop, link).status_code == 409
    await look(shop, after=lives + timedelta(minutes=2))
    assert (await again(shop, link)).status == "expired"


async def test_a_lost_answer_makes_no_second_link(shop: Shop) -> None:
    for kind, path in ((LinkKind.LINK, "payment_links"), (LinkKind.UPI_QR, "payments/qr_codes")):
        shop.sandbox.break_next("razorpay", "500", match=f"/v1/{path}")
        order, link = await opened(shop, kind=kind)
        assert (link.status, link.provider_link_id) == ("opening", None)
        claimed = msgspec.structs.replace(link, tries=1)
        made = await shop.gateway.links.open(claimed, notes={"link_id": str(link.id)})
        await look(shop, after=timedelta(minutes=5))
        found = await again(shop, link)
        assert (found.status, found.provider_link_id) == ("open", made.provider_link_id)
        assert (await shop.topics(order.id)).count("payments.link_ready") == 1


async def test_reminders_go_by_text_and_mail_and_not_too_often(shop: Shop) -> None:
    _, link = await opened(shop)

    async def remind() -> PaymentLink:
        async with shop.database.transaction(shop.actor) as tx:
            return await payments.remind(tx, link.id, now=shop.now())

    assert (await remind()).reminders == 1
    await shop.work()
    sent = shop.sandbox.http.get(f"/sandbox/razorpay/links/{link.provider_link_id}/notices")
    assert sent.json() == ["sms", "email"]
    with pytest.raises(RemindedEnough):
        await remind()
    shop.clock.moved += timedelta(hours=1)
    assert (await remind()).reminders == 2


async def test_the_gateways_word_comes_by_webhook_and_nothing_is_counted_twice(
    shop: Shop, web: str
) -> None:
    order, link = await opened(shop)
    shop.sandbox.break_next("razorpay", "duplicate", count=4)
    pay(shop, link)
    until(
        lambda: [
            sent
            for sent in shop.sandbox.http.get("/sandbox/webhooks").json()["deliveries"]
            if sent["event"] == "payment_link.paid" and sent["status"] == 200
        ]
    )
    await shop.work()
    assert (await again(shop, link)).status == "paid"
    assert len(await shop.payments(order.id)) == 1
    assert (await shop.topics(order.id)).count("payments.captured") == 1


async def test_links_over_http_need_their_permission_and_stay_in_their_company(
    shop: Shop, client: httpx2.AsyncClient, app: Litestar, database: Database
) -> None:
    order = await shop.place(method="cod")
    path = f"/v1/orders/{order.id}/payment-links"
    for body in ({"kind": "cheque"}, {"amount_minor": 0}, {"minutes": 0}, {"colour": "red"}):
        assert (await client.post(path, json=body)).status_code == 422, body
    made = await client.post(path, json={"kind": "link", "accepts_partial": True, "minutes": 60})
    assert made.status_code == 201 and made.json()["status"] == "requested"
    await shop.work()
    one = f"/v1/payment-links/{made.json()['id']}"
    found = await client.get(one)
    assert (found.json()["status"], found.headers["etag"]) == ("open", '"2"')
    listed = (await client.get("/v1/payment-links", params={"search": order.number})).json()
    assert [each["id"] for each in listed["items"]] == [made.json()["id"]]
    assert (await client.post(f"{one}/reminder")).status_code == 202
    assert (await client.post(f"{one}/reminder")).json()["code"] == "reminded_enough"
    assert (await client.post(f"{one}/cancellation")).json()["status"] == "closing"
    resolved = await client.get("/v1/resolve", params={"q": found.json()["provider_link_id"]})
    assert resolved.json()["order_id"] == str(order.id)
    assert (await client.get(f"/v1/payment-links/{new_id()}")).status_code == 404
    key = await api_key_of(database, shop.actor, "payments.read")
    async with visitor(app) as reader:
        reader.headers["authorization"] = f"Bearer {key}"
        assert (await reader.post(path, json={})).status_code == 403
        for noun in ("cancellation", "reminder"):
            assert (await reader.post(f"{one}/{noun}")).status_code == 403, noun
    nobody = msgspec.structs.replace(shop.actor, grants=frozenset())
    with pytest.raises(Forbidden):
        async with database.transaction(nobody) as tx:
            await payments.list_links(tx, payments.LinkFilter(), limit=10, cursor=None)


async def test_the_page_asks_reminds_and_takes_back(shop: Shop, client: httpx2.AsyncClient) -> None:
    order = await shop.place(method="cod")
    page, headers = "/payments/links", {"origin": "http://test"}
    form = {"order": order.number, "kind": "link", "amount_minor": "500", "hours": "24"}
    assert (await client.post(page, data=form, headers=headers)).status_code == 303
    await shop.work()
    shown = (await client.get(page)).text
    assert f"{order.number}-L1" in shown and "₹500.00" in shown
    wrong = await client.post(page, data=form | {"order": "SO-0"}, headers=headers)
    assert wrong.status_code == 422 and "There is no such order." in wrong.text
    twice = await client.post(page, data=form | {"kind": "upi_qr"}, headers=headers)
    assert twice.status_code == 409 and "Cancel it first." in twice.text
    (link,) = (await client.get("/v1/payment-links")).json()["items"]
    there = shop.sandbox.http.get(f"/razorpay/links/{link['provider_link_id']}")
    assert there.status_code == 200 and "₹500.00" in there.text
    for noun in ("reminder", "cancellation"):
        done = await client.post(f"{page}/{link['id']}/{noun}", headers=headers)
        assert done.status_code == 303, noun
    refused = await client.post(f"{page}/{link['id']}/reminder", headers=headers)
    assert refused.status_code == 409
    await shop.work()
    closed = shop.sandbox.http.post(f"/razorpay/links/{link['provider_link_id']}")
    assert (closed.status_code, "cannot be paid" in closed.text) == (409, True)
