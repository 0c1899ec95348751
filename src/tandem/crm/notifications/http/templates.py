"""A company's own words over HTTP: templates, their versions, how they look."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, patch, post, put
from litestar.params import FromPath, JSONBody

from tandem.contracts.address import Line100
from tandem.crm.notifications.domain.template_versions import (
    VARIABLES_MAX,
    Key,
    Locale,
    Medium,
    Template,
    TemplateMissing,
    TemplateTaken,
    TemplateVersion,
    TemplateWrong,
    VersionFixed,
    Written,
)
from tandem.crm.notifications.service import templates as service
from tandem.kernel.errors import Forbidden, IllegalMove, Invalid, StaleVersion
from tandem.kernel.http import (
    COMPUTES,
    IfMatch,
    Now,
    Transaction,
    check_if_match,
    etag,
    refusals,
)

TemplateName = Line100


class NewTemplate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`key` is the kind of message: one of the suite's own, or a new one for campaigns."""

    key: Key
    channel: Medium = "email"
    name: TemplateName


class TemplateChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: TemplateName


class NewVersion(Written, frozen=True, kw_only=True, forbid_unknown_fields=True):
    locale: Locale = "en"


class RenderingAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values over the variables' examples. Nested ones (`customer`) are objects."""

    parameters: Annotated[dict[str, Any], msgspec.Meta(max_length=VARIABLES_MAX)] = {}


class UnsavedAsk(RenderingAsk, frozen=True, kw_only=True, forbid_unknown_fields=True):
    channel: Medium = "email"
    content: Written


class TemplateDetail(Template, frozen=True, kw_only=True):
    """With its versions, newest first."""

    versions: list[TemplateVersion]


class TemplatesController(Controller):
    path = "/v1/notification-templates"
    tags = ("notifications",)

    @get("/", responses=refusals(Forbidden))
    async def list_templates(self, tx: Transaction) -> list[Template]:
        """The company's own templates, by key."""
        return await service.list_templates(tx)

    @post("/", responses=refusals(Forbidden, Invalid, TemplateTaken))
    async def add_template(
        self, data: JSONBody[NewTemplate], tx: Transaction, now: Now
    ) -> Template:
        """Begin a template. It says nothing before a version of it is published."""
        return await service.add_template(
            tx, key=data.key, channel=data.channel, name=data.name, now=now
        )

    @post("/rendering", status_code=200, opt=COMPUTES, responses=refusals(Forbidden, Invalid))
    async def look_at_unsaved(self, data: JSONBody[UnsavedAsk], tx: Transaction) -> service.Look:
        """How words would look that are saved nowhere, and everything that is wrong with them."""
        tx.actor.require("notifications.read")
        return await service.look(tx, data.content.content(), data.channel, data.parameters)

    @get("/{template_id:uuid}", responses=refusals(Forbidden, TemplateMissing))
    async def get_template(self, template_id: FromPath[UUID], tx: Transaction) -> TemplateDetail:
        """A template with all of its versions."""
        found = await service.get_template(tx, template_id)
        fields = {name: getattr(found, name) for name in Template.__struct_fields__}
        return TemplateDetail(**fields, versions=await service.list_versions(tx, template_id))

    @patch("/{template_id:uuid}", responses=refusals(Forbidden, Invalid, TemplateMissing))
    async def rename_template(
        self, template_id: FromPath[UUID], data: JSONBody[TemplateChange], tx: Transaction, now: Now
    ) -> Template:
        """Call it something else. Key and channel stay: messages are found by them."""
        return await service.rename_template(tx, template_id, data.name, now=now)

    @post("/{template_id:uuid}/versions", responses=refusals(Forbidden, Invalid, TemplateMissing))
    async def add_version(
        self, template_id: FromPath[UUID], data: JSONBody[NewVersion], tx: Transaction, now: Now
    ) -> Response[TemplateVersion]:
        """A draft in one language, of a source or of blocks. A source may be wrong still:
        publication says what. A block that cannot be is refused by its place."""
        tx.actor.require("notifications.templates")
        await service.get_template(tx, template_id)
        made = await service.draft(tx, template_id, data.content(), locale=data.locale, now=now)
        return Response(made, status_code=201, headers=etag(made.version))


class TemplateVersionsController(Controller):
    path = "/v1/notification-template-versions/{version_id:uuid}"
    tags = ("notifications",)

    @get("/", responses=refusals(Forbidden, TemplateMissing))
    async def get_version(
        self, version_id: FromPath[UUID], tx: Transaction
    ) -> Response[TemplateVersion]:
        """One version, whatever has become of it."""
        found = await service.get_version(tx, version_id)
        return Response(found, headers=etag(found.version))

    @put("/", responses=refusals(Forbidden, Invalid, TemplateMissing, VersionFixed, StaleVersion))
    async def write_version(
        self,
        version_id: FromPath[UUID],
        data: JSONBody[Written],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[TemplateVersion]:
        """Write a draft anew, whole. What was published never changes. The `source` that blocks
        made, handed in without them, is MJML from then on: there is no way back to blocks."""
        held = await service.lock_version(tx, version_id)
        check_if_match(if_match, held.version)
        written = await service.write_draft(tx, version_id, data.content(), now=now)
        return Response(written, headers=etag(written.version))

    @post(
        "/publication",
        status_code=200,
        responses=refusals(Forbidden, TemplateMissing, TemplateWrong, IllegalMove),
    )
    async def publish_version(
        self, version_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> TemplateVersion:
        """Say these words from now on, instead of those that spoke this language before."""
        return await service.publish(tx, version_id, now=now)

    @post("/archival", status_code=200, responses=refusals(Forbidden, TemplateMissing, IllegalMove))
    async def archive_version(
        self, version_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> TemplateVersion:
        """Say these words no more."""
        return await service.archive(tx, version_id, now=now)

    @post(
        "/rendering",
        status_code=200,
        opt=COMPUTES,
        responses=refusals(Forbidden, Invalid, TemplateMissing),
    )
    async def look_at_version(
        self, version_id: FromPath[UUID], data: JSONBody[RenderingAsk], tx: Transaction
    ) -> service.Look:
        """How it looks with these values, and which variables nobody declared."""
        found = await service.get_version(tx, version_id)
        return await service.look(
            tx, service.content_of(found), found.channel, data.parameters, locale=found.locale
        )
