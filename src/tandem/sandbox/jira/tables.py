"""The stand-in's tables, and times as Jira writes them."""

from datetime import UTC, datetime
from typing import Any

from tandem.sandbox.dependencies import Dependencies

DDL = """
create table if not exists jira_issue (
    id integer primary key autoincrement, key text unique not null, project text not null,
    issue_type text not null, status text not null, priority text not null, summary text not null,
    description text, labels text not null default '[]', custom text not null default '{}',
    reporter text not null, request_type text not null default '',
    created text not null, updated text not null, status_changed text not null
);
create table if not exists jira_old_key (key text primary key, issue_id integer not null);
create table if not exists jira_counter (project text primary key, last integer not null);
create table if not exists jira_comment (
    id integer primary key autoincrement,
    issue_id integer not null references jira_issue (id) on delete cascade, author text not null,
    body text not null, is_public integer not null default 1, created text not null,
    updated text not null
);
create index if not exists jira_comment_issue on jira_comment (issue_id);
create table if not exists jira_property (
    entity text not null check (entity in ('issue', 'comment')), entity_id integer not null,
    key text not null, value text not null, primary key (entity, entity_id, key)
);
create table if not exists jira_link (
    id integer primary key autoincrement,
    issue_id integer not null references jira_issue (id) on delete cascade,
    global_id text not null, url text not null, title text not null, unique (issue_id, global_id)
);
create table if not exists jira_attachment (
    id integer primary key autoincrement,
    issue_id integer references jira_issue (id) on delete cascade,
    author text not null, filename text not null, media_type text not null, content blob not null,
    created text not null, temporary_id text
);
create table if not exists jira_webhook (
    id integer primary key autoincrement, name text not null, url text not null,
    secret text not null, old_secret text, events text not null default '[]'
);
create table if not exists jira_token (
    token text primary key, kind text not null check (kind in ('access', 'refresh')),
    expires_at real, is_used integer not null default 0
);
create table if not exists jira_site (
    id integer primary key check (id = 1), writes_max integer not null, writes_seconds real not null
);
create table if not exists jira_write (issue_id integer not null, at real not null);
create table if not exists jira_call (
    id integer primary key autoincrement, at real not null, method text not null,
    path text not null, status integer not null
);
insert or ignore into jira_site (id, writes_max, writes_seconds) values (1, 100, 30);
insert or ignore into sqlite_sequence (name, seq)
select 'jira_issue', 10000
 where not exists (select 1 from sqlite_sequence where name = 'jira_issue');
"""


def jira_time(instant: datetime) -> str:
    """`2026-11-22T10:00:00.000+0000`."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def now_text(deps: Dependencies) -> str:
    return jira_time(deps.clock.now())


def touch(deps: Dependencies, issue_id: int) -> str:
    """Set `updated`, which never stands still while the issue changes; the new value."""
    row = deps.store.row("select updated from jira_issue where id = ?", (issue_id,))
    assert row is not None, "only existing issues change"
    now = now_text(deps)
    if now <= row["updated"]:
        before = datetime.strptime(row["updated"], "%Y-%m-%dT%H:%M:%S.%f%z")
        now = jira_time(datetime.fromtimestamp(before.timestamp() + 0.0011, UTC))
    deps.store.run("update jira_issue set updated = ? where id = ?", (now, issue_id))
    return now


def set_property(deps: Dependencies, entity: str, entity_id: int, key: str, value: str) -> bool:
    """`value` is JSON; True when the property is new."""
    is_new = get_property(deps, entity, entity_id, key) is None
    deps.store.run(
        """insert into jira_property (entity, entity_id, key, value) values (?, ?, ?, ?)
               on conflict (entity, entity_id, key) do update set value = excluded.value""",
        (entity, entity_id, key, value),
    )
    return is_new


def get_property(deps: Dependencies, entity: str, entity_id: int, key: str) -> Any:
    row = deps.store.row(
        "select value from jira_property where entity = ? and entity_id = ? and key = ?",
        (entity, entity_id, key),
    )
    return row["value"] if row else None
