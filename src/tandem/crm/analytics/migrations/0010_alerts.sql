-- What somebody wants to be told of. Looked at as its owner, every `every_minutes` of its draft.
create table analytics.alert (
    org_id          uuid             not null,
    id              uuid             not null,
    owner_id        uuid             not null,
    draft           jsonb            not null,
    is_active       boolean          not null,
    state           text             not null default 'unknown'
                    check (state in ('unknown', 'ok', 'firing')),
    value           double precision,
    score           double precision,
    as_of           timestamptz,
    checked_at      timestamptz,
    fired_at        timestamptz,
    muted_until     timestamptz,
    next_at         timestamptz      not null,
    stopped_because text             not null default '',
    version         int              not null default 1,
    created_at      timestamptz      not null,
    primary key (org_id, id)
);
create index alert_due on analytics.alert (org_id, next_at) where is_active;
create index alert_of_owner on analytics.alert (org_id, owner_id);
select kernel.tenant_table('analytics.alert');

create table analytics.alert_event (
    org_id   uuid             not null,
    id       uuid             not null,
    alert_id uuid             not null,
    at       timestamptz      not null,
    kind     text             not null check (kind in ('fired', 'again', 'recovered', 'stopped')),
    value    double precision,
    score    double precision,
    as_of    timestamptz,
    is_told  boolean          not null,
    primary key (org_id, id)
);
create index alert_event_of_alert on analytics.alert_event (org_id, alert_id, id);
select kernel.tenant_table('analytics.alert_event', append_only => true);
