"""One's own inbox and one's own choices over HTTP: for members of the staff, about themselves."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post, put
from litestar.params import FromQuery, JSONBody

from tandem.crm.notifications.domain.categories import (
    CATEGORIES,
    Audience,
    CategoryUnknown,
    Mandatory,
)
from tandem.crm.notifications.domain.inbox import InboxItem, ItemMissing
from tandem.crm.notifications.service import inbox, preferences
from tandem.crm.notifications.service.preferences import ChoicesMade, Standing
from tandem.kernel.errors import Forbidden, Invalid
from tandem.kernel.http import (
    LIMIT_DEFAULT,
    Cursor,
    LimitParameter,
    Now,
    Transaction,
    refusals,
    unaudited,
)
from tandem.kernel.pages import Page

OWN = unaudited("what somebody has read, or wants to be told, concerns nobody else")
Ids = Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=200)]


class Marking(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`ids`, or everything up to and with `until_id`."""

    what: inbox.Mark
    ids: Ids | None = None
    until_id: UUID | None = None


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    unread: int


class CategoryView(msgspec.Struct, frozen=True, kw_only=True):
    """`kinds` are the notification types in it; what is mandatory cannot be switched off."""

    key: str
    name: str
    about: str
    audience: Audience
    is_mandatory: bool
    kinds: list[str]


class InboxController(Controller):
    path = "/v1/inbox"
    tags = ("notifications",)

    @get("/", responses=refusals(Forbidden, Invalid))
    async def list_inbox(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        unread: FromQuery[bool] = False,
        archived: FromQuery[bool] = False,
    ) -> Page[InboxItem]:
        """What you were told, newest first."""
        return await inbox.list_inbox(
            tx, limit=limit, cursor=cursor, is_unread=unread, is_archived=archived
        )

    @get("/count", responses=refusals(Forbidden))
    async def count_unread(self, tx: Transaction) -> Unread:
        """How many you have not read."""
        return Unread(unread=await inbox.unread_count(tx))

    @post(
        "/marks",
        status_code=200,
        opt=OWN,
        responses=refusals(Forbidden, Invalid, ItemMissing),
    )
    async def mark(self, data: JSONBody[Marking], tx: Transaction, now: Now) -> Unread:
        """Say that items were seen, read or not read after all, or put them away; all or none."""
        if data.ids is not None:
            return Unread(unread=await inbox.mark(tx, data.ids, data.what, now=now))
        if data.until_id is None:
            raise Invalid("Name items, or the newest of those you mean.", field="ids")
        return Unread(unread=await inbox.mark_all(tx, data.what, until_id=data.until_id, now=now))


class PreferencesController(Controller):
    path = "/v1/notification-preferences"
    tags = ("notifications",)

    @get("/", responses=refusals(Forbidden))
    async def list_own(self, tx: Transaction) -> list[Standing]:
        """How each category reaches you, and who decided."""
        return await preferences.own_choices(tx)

    @put("/", opt=OWN, responses=refusals(Forbidden, Invalid, CategoryUnknown, Mandatory))
    async def choose_own(
        self, data: JSONBody[ChoicesMade], tx: Transaction, now: Now
    ) -> list[Standing]:
        """Choose for yourself. What is not named stays as it is."""
        return await preferences.choose_own(tx, data.choices, now=now)


class NotificationTypesController(Controller):
    path = "/v1/notification-types"
    tags = ("notifications",)

    @get("/", responses=refusals(Forbidden))
    async def list_types(self, tx: Transaction) -> list[CategoryView]:
        """Every category of notifications, with the kinds in it."""
        tx.actor.require("notifications.read")
        return [
            CategoryView(
                key=one.key,
                name=one.name,
                about=one.about,
                audience=one.audience,
                is_mandatory=one.is_mandatory,
                kinds=sorted(one.kinds),
            )
            for one in CATEGORIES.values()
        ]

    @get("/defaults", responses=refusals(Forbidden))
    async def list_defaults(self, tx: Transaction) -> list[Standing]:
        """What holds in this company for whoever chose nothing."""
        return await preferences.company_choices(tx)

    @put("/defaults", responses=refusals(Forbidden, Invalid, CategoryUnknown, Mandatory))
    async def set_defaults(
        self, data: JSONBody[ChoicesMade], tx: Transaction, now: Now
    ) -> list[Standing]:
        """Change what holds for whoever chose nothing."""
        return await preferences.choose_for_company(tx, data.choices, now=now)
