"""Templates and their versions."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from tandem.crm.notifications.domain.template_versions import Template, TemplateVersion
from tandem.kernel.db import Query, Tx

_TEMPLATE: LiteralString = """
    select t.id, t.key, t.channel, t.name, t.created_at, t.updated_at,
           array(select v.locale from notifications.template_version v
                  where v.org_id = :org_id and v.template_id = t.id and v.state = 'published'
                  order by v.locale) as published,
           (select count(*) from notifications.template_version v
             where v.org_id = :org_id and v.template_id = t.id and v.state = 'draft') as drafts
      from notifications.template t
     where t.org_id = :org_id
"""

LIST = Query(_TEMPLATE + "order by t.key, t.channel limit 500")
GET = Query(_TEMPLATE + "and t.id = :id")
FIND = Query(_TEMPLATE + "and t.key = :key and t.channel = :channel")

INSERT = Query(
    """
    insert into notifications.template (org_id, id, key, channel, name, created_at, updated_at)
    values (:org_id, :id, :key, :channel, :name, :now, :now)
        on conflict do nothing
    """
)

RENAME = Query(
    """
    update notifications.template set name = :name, updated_at = :now
     where org_id = :org_id and id = :id
    """
)

_VERSION: LiteralString = """
    select v.id, v.template_id, t.key, t.channel, v.locale, v.number, v.state, v.format, v.subject,
           v.preheader, v.source, v.blocks, v.theme, v.html, v.text, v.variables, v.dlt_template_id,
           v.note, v.sha256, v.version, v.created_by, v.created_at, v.updated_at,
           v.published_at, v.archived_at
      from notifications.template_version v
      join notifications.template t on t.org_id = :org_id and t.id = v.template_id
     where v.org_id = :org_id
"""

LIST_VERSIONS = Query(
    _VERSION + "and v.template_id = :template_id order by v.number desc limit 200"
)
GET_VERSION = Query(_VERSION + "and v.id = :id")
GET_VERSIONS = Query(_VERSION + "and v.id = any(:ids::uuid[])")
LOCK_VERSION = Query(_VERSION + "and v.id = :id for update of v")

FIND_VERSION = Query(
    _VERSION
    + """
       and t.key = :key and t.channel = :channel and v.state = 'published'
       and v.locale = any(:locales::text[])
     order by array_position(:locales::text[], v.locale)
     limit 1
    """
)

# The newest words of the same template in that very language, else in it without a country.
IN_LANGUAGES = Query(
    """
    select asked.id, asked.locale, speaking.id as speaking_id
      from unnest(:ids::uuid[], :locales::text[]) as asked (id, locale)
      join notifications.template_version base on base.org_id = :org_id and base.id = asked.id
     cross join lateral (
        select v.id from notifications.template_version v
         where v.org_id = :org_id and v.template_id = base.template_id and v.state = 'published'
           and v.locale in (asked.locale, split_part(asked.locale, '-', 1))
         order by v.locale = asked.locale desc
         limit 1) as speaking
    """
)

LOCK_TEMPLATE = Query(
    "select id from notifications.template where org_id = :org_id and id = :id for update"
)

INSERT_VERSION = Query(
    """
    insert into notifications.template_version
           (org_id, id, template_id, locale, number, state, format, subject, preheader, source,
            blocks, theme, html, text, variables, dlt_template_id, note, sha256, created_by,
            created_at, updated_at)
    select :org_id, :id, :template_id, :locale,
           coalesce(max(number), 0) + 1, 'draft', :format, :subject, :preheader, :source,
           :blocks::jsonb, :theme::jsonb, :html,
           :text, :variables::jsonb, :dlt_template_id, :note, :sha256, :created_by,
           :now::timestamptz, :now::timestamptz
      from notifications.template_version
     where org_id = :org_id and template_id = :template_id
    """
)

WRITE_VERSION = Query(
    """
    update notifications.template_version
       set format = :format, subject = :subject, preheader = :preheader, source = :source,
           blocks = :blocks::jsonb, theme = :theme::jsonb, html = :html, text = :text,
           variables = :variables::jsonb,
           dlt_template_id = :dlt_template_id, note = :note, sha256 = :sha256,
           version = version + 1, updated_at = :now
     where org_id = :org_id and id = :id and state = 'draft'
    """
)

STAND_DOWN = Query(
    """
    update notifications.template_version
       set state = 'archived', archived_at = :now, version = version + 1, updated_at = :now
     where org_id = :org_id and template_id = :template_id and locale = :locale
       and state = 'published'
    """
)

PUBLISH = Query(
    """
    update notifications.template_version
       set state = 'published', published_at = coalesce(published_at, :now), archived_at = null,
           version = version + 1, updated_at = :now
     where org_id = :org_id and id = :id
    """
)

ARCHIVE = Query(
    """
    update notifications.template_version
       set state = 'archived', archived_at = :now, version = version + 1, updated_at = :now
     where org_id = :org_id and id = :id
    """
)


async def list_templates(tx: Tx) -> list[Template]:
    return await tx.many(LIST, Template)


async def get_template(tx: Tx, template_id: UUID) -> Template | None:
    return await tx.one_or_none(GET, Template, id=template_id)


async def find_template(tx: Tx, key: str, channel: str) -> Template | None:
    return await tx.one_or_none(FIND, Template, key=key, channel=channel)


async def insert_template(
    tx: Tx, template_id: UUID, *, key: str, channel: str, name: str, now: datetime
) -> bool:
    """False when there is one for this key and channel."""
    return bool(await tx.run(INSERT, id=template_id, key=key, channel=channel, name=name, now=now))


async def rename_template(tx: Tx, template_id: UUID, name: str, now: datetime) -> None:
    await tx.run(RENAME, id=template_id, name=name, now=now)


async def lock_template(tx: Tx, template_id: UUID) -> bool:
    """Numbers are given, and versions take each other's place, one at a time."""
    return await tx.value(LOCK_TEMPLATE, id=template_id) is not None


async def list_versions(tx: Tx, template_id: UUID) -> list[TemplateVersion]:
    return await tx.many(LIST_VERSIONS, TemplateVersion, template_id=template_id)


async def get_version(tx: Tx, version_id: UUID) -> TemplateVersion | None:
    return await tx.one_or_none(GET_VERSION, TemplateVersion, id=version_id)


async def get_versions(tx: Tx, version_ids: Sequence[UUID]) -> list[TemplateVersion]:
    return await tx.many(GET_VERSIONS, TemplateVersion, ids=list(version_ids))


async def lock_version(tx: Tx, version_id: UUID) -> TemplateVersion | None:
    return await tx.one_or_none(LOCK_VERSION, TemplateVersion, id=version_id)


async def find_version(
    tx: Tx, key: str, *, channel: str, locales: Sequence[str]
) -> TemplateVersion | None:
    return await tx.one_or_none(
        FIND_VERSION, TemplateVersion, key=key, channel=channel, locales=list(locales)
    )


async def insert_version(tx: Tx, version: TemplateVersion, now: datetime) -> None:
    await tx.run(
        INSERT_VERSION,
        id=version.id,
        template_id=version.template_id,
        locale=version.locale,
        created_by=version.created_by,
        now=now,
        **_words(version),
    )


async def write_version(tx: Tx, version: TemplateVersion, now: datetime) -> None:
    await tx.run(WRITE_VERSION, id=version.id, now=now, **_words(version))


async def publish(tx: Tx, version: TemplateVersion, now: datetime) -> None:
    """In the place of whichever spoke this language until now."""
    await tx.run(STAND_DOWN, template_id=version.template_id, locale=version.locale, now=now)
    await tx.run(PUBLISH, id=version.id, now=now)


async def archive(tx: Tx, version_id: UUID, now: datetime) -> None:
    await tx.run(ARCHIVE, id=version_id, now=now)


def _words(version: TemplateVersion) -> dict[str, object]:
    return {
        "format": version.format,
        "subject": version.subject,
        "preheader": version.preheader,
        "source": version.source,
        "blocks": msgspec.to_builtins(version.blocks),
        "theme": msgspec.to_builtins(version.theme),
        "html": version.html,
        "text": version.text,
        "variables": msgspec.to_builtins(version.variables),
        "dlt_template_id": version.dlt_template_id,
        "note": version.note,
        "sha256": version.sha256,
    }


async def in_languages(tx: Tx, asked: Sequence[tuple[UUID, str]]) -> dict[tuple[UUID, str], UUID]:
    rows = await tx.records(
        IN_LANGUAGES, ids=[one[0] for one in asked], locales=[one[1] for one in asked]
    )
    return {(row["id"], row["locale"]): row["speaking_id"] for row in rows}
