"""SCIM 2.0 (RFC 7644): users, groups, and what this service can. Errors as the RFC has them.

Only the routes stand here. What they do is in `scim_requests`, which the first of them loads: its
library takes half a second and 14 MB, and few companies have a directory.
"""

import asyncio
import importlib
import sys
from typing import Any

from litestar import Controller, Request, Response, delete, get, patch, post, put
from litestar.params import FromPath

from tandem.crm.identity.domain.directory import PERMISSION
from tandem.kernel.errors import NotFound, Refusal
from tandem.kernel.http import COMPUTES, Now, Transaction

AnyRequest = Request[Any, Any, Any]
Answer = Response[bytes]
LIBRARY = "tandem.crm.identity.http.scim_requests"


class RefusedInScim(Exception):
    """What the library refused, with the answer that it makes of it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


def _refuse(_: AnyRequest, refusal: Refusal) -> Answer:
    from tandem.crm.identity.http import scim_requests

    return scim_requests.refused(refusal)


def _refuse_in_scim(_: AnyRequest, refused: RefusedInScim) -> Answer:
    return refused.answer


async def _load(_: AnyRequest) -> None:
    """In a thread, so that whoever else is served by this process does not wait for it."""
    if LIBRARY not in sys.modules:
        await asyncio.to_thread(importlib.import_module, LIBRARY)


class ScimController(Controller):
    path = "/scim/v2"
    include_in_schema = False
    before_request = staticmethod(_load)
    exception_handlers = {  # noqa: RUF012  as Litestar reads it
        Refusal: _refuse,
        RefusedInScim: _refuse_in_scim,
    }

    @get("/ServiceProviderConfig")
    async def config(self, request: AnyRequest, tx: Transaction) -> Answer:
        from tandem.crm.identity.http import scim_requests

        return await scim_requests.config(request, tx)

    @get("/ResourceTypes")
    async def resource_types(self, request: AnyRequest, tx: Transaction) -> Answer:
        from tandem.crm.identity.http import scim_requests

        return await scim_requests.resource_types(request, tx)

    @get("/ResourceTypes/{name:str}")
    async def resource_type(
        self, request: AnyRequest, name: FromPath[str], tx: Transaction
    ) -> Answer:
        from tandem.crm.identity.http import scim_requests

        return await scim_requests.resource_type(request, name, tx)

    @get("/Schemas")
    async def schemas(self, request: AnyRequest, tx: Transaction) -> Answer:
        from tandem.crm.identity.http import scim_requests

        return await scim_requests.schemas(request, tx)

    @get("/Schemas/{name:str}")
    async def schema(self, request: AnyRequest, name: FromPath[str], tx: Transaction) -> Answer:
        from tandem.crm.identity.http import scim_requests

        return await scim_requests.schema(request, name, tx)

    @get("/Users")
    async def users(self, request: AnyRequest, tx: Transaction) -> Answer:
        from tandem.crm.identity.http import scim_requests

        return await scim_requests.users(request, tx)

    @post("/Users/.search", status_code=200, opt=COMPUTES)
    async def search_users(self, request: AnyRequest, tx: Transaction) -> Answer:
        """The same question in a body, so that no log has it."""
        from tandem.crm.identity.http import scim_requests

        return await scim_requests.search_users(request, tx)

    @post("/Users")
    async def add_user(self, request: AnyRequest, tx: Transaction, now: Now) -> Answer:
        from tandem.crm.identity.http import scim_requests

        return await scim_requests.add_user(request, tx, now)

    @get("/Users/{user_id:str}")
    async def user(self, request: AnyRequest, user_id: FromPath[str], tx: Transaction) -> Answer:
        from tandem.crm.identity.http import scim_requests

        return await scim_requests.user(request, user_id, tx)

    @put("/Users/{user_id:str}")
    async def replace_user(
        self, request: AnyRequest, user_id: FromPath[str], tx: Transaction, now: Now
    ) -> Answer:
        from tandem.crm.identity.http import scim_requests

        return await scim_requests.replace_user(request, user_id, tx, now)

    @patch("/Users/{user_id:str}")
    async def patch_user(
        self, request: AnyRequest, user_id: FromPath[str], tx: Transaction, now: Now
    ) -> Answer:
        from tandem.crm.identity.http import scim_requests

        return await scim_requests.patch_user(request, user_id, tx, now)

    @delete("/Users/{user_id:str}", status_code=204)
    async def remove_user(self, user_id: FromPath[str], tx: Transaction, now: Now) -> None:
        from tandem.crm.identity.http import scim_requests

        await scim_requests.remove_user(user_id, tx, now)

    @get("/Groups")
    async def groups(self, request: AnyRequest, tx: Transaction) -> Answer:
        from tandem.crm.identity.http import scim_requests

        return await scim_requests.groups(request, tx)

    @post("/Groups/.search", status_code=200, opt=COMPUTES)
    async def search_groups(self, request: AnyRequest, tx: Transaction) -> Answer:
        from tandem.crm.identity.http import scim_requests

        return await scim_requests.search_groups(request, tx)

    @post("/.search", status_code=200, opt=COMPUTES)
    async def search(self, request: AnyRequest, tx: Transaction) -> Answer:
        """Users and groups together."""
        from tandem.crm.identity.http import scim_requests

        return await scim_requests.search(request, tx)

    @post("/Groups")
    async def add_group(self, request: AnyRequest, tx: Transaction, now: Now) -> Answer:
        from tandem.crm.identity.http import scim_requests

        return await scim_requests.add_group(request, tx, now)

    @get("/Groups/{group_id:str}")
    async def group(self, request: AnyRequest, group_id: FromPath[str], tx: Transaction) -> Answer:
        from tandem.crm.identity.http import scim_requests

        return await scim_requests.group(request, group_id, tx)

    @put("/Groups/{group_id:str}")
    async def replace_group(
        self, request: AnyRequest, group_id: FromPath[str], tx: Transaction, now: Now
    ) -> Answer:
        from tandem.crm.identity.http import scim_requests

        return await scim_requests.replace_group(request, group_id, tx, now)

    @patch("/Groups/{group_id:str}")
    async def patch_group(
        self, request: AnyRequest, group_id: FromPath[str], tx: Transaction, now: Now
    ) -> Answer:
        from tandem.crm.identity.http import scim_requests

        return await scim_requests.patch_group(request, group_id, tx, now)

    @delete("/Groups/{group_id:str}", status_code=204)
    async def remove_group(self, group_id: FromPath[str], tx: Transaction, now: Now) -> None:
        from tandem.crm.identity.http import scim_requests

        await scim_requests.remove_group(group_id, tx, now)

    @get("/{rest:path}")
    async def nowhere(self, rest: FromPath[str], tx: Transaction) -> Answer:
        """There is nothing else, and that is said in SCIM's words."""
        tx.actor.require(PERMISSION)
        raise NotFound(f"There is nothing at {rest[:100]}.")
