"""Words looked at with a real customer's facts, and sent to whoever writes them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain.messages import SERVICE, Channel, Lane
from tandem.crm.notifications.domain.outgoing import Outgoing
from tandem.crm.notifications.domain.template_versions import Content, TemplateWrong
from tandem.crm.notifications.service import templates
from tandem.flows.tell_customer import company_name
from tandem.kernel.actor import Kind
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden, NotFound
from tandem.kernel.ids import new_id

KIND = "template_test"


async def facts_of(tx: Tx, customer_id: UUID | None) -> dict[str, Any]:
    """What a template may name of a customer, and of the company. Raises NotFound where the asker
    does not see them; what is hidden from the asker stays hidden."""
    facts: dict[str, Any] = {"company": await company_name(tx)}
    if customer_id is None:
        return facts
    person = await customers.get_customer(tx, customer_id)
    first, _, last = person.name.partition(" ")
    city = person.addresses[0].address.city if person.addresses else ""
    facts["name"] = first
    facts["customer"] = {
        "name": person.name,
        "first_name": first,
        "last_name": last,
        "company": person.company_name,
        "email": person.emails[0].value if person.emails else "",
        "phone": person.phones[0].value if person.phones else "",
        "city": city,
        "number": person.number,
    }
    return facts


async def send_to_oneself(
    tx: Tx, content: Content, *, channel: str, customer_id: UUID | None, now: datetime
) -> str:
    """The words as an e-mail to the asker, marked as a test; where it went.

    Raises TemplateWrong where they cannot be filled, Forbidden for who has no mailbox here.
    """
    tx.actor.require("notifications.templates")
    if tx.actor.kind is not Kind.STAFF or tx.actor.user_id is None:
        raise Forbidden("A test goes to whoever writes the words: sign in.", permission="person")
    looked = await templates.look(tx, content, channel, await facts_of(tx, customer_id))
    rendered = looked.rendered
    if rendered is None:
        raise TemplateWrong(looked.problems[0], field="source", problems=looked.problems)
    trusted = tx.with_all_grants()
    try:
        user = await identity.get_user(trusted, tx.actor.user_id)
    except NotFound as missing:
        raise Forbidden("You have no mailbox in this company.", permission="person") from missing
    await notifications.plan(
        trusted,
        [
            Outgoing(
                dedupe=f"{KIND}:{new_id()}",
                channel=Channel.EMAIL,
                kind=KIND,
                purpose=SERVICE,
                customer_id=None,
                recipient=user.email,
                lane=Lane.TRANSACTIONAL,
                sender_name=await company_name(trusted),
                subject=f"[Test] {rendered.subject}",
                text=rendered.text,
                html=rendered.html,
            )
        ],
        now=now,
    )
    return user.email
