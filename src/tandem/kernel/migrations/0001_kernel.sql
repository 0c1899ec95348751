create schema kernel;

-- One line per table keeps both walls and the grants alike everywhere: row-level security on, the
-- app's role limited to its organisation, ledgers without update and delete.
create function kernel.tenant_table(name regclass, append_only boolean default false)
returns void language plpgsql as $$
begin
    execute format('alter table %s enable row level security', name);
    execute format(
        'create policy own_org on %s using (org_id = (select current_setting(''app.org_id'')::uuid))',
        name);
    execute format('grant usage on schema %I to tandem_app',
        (select nspname from pg_class join pg_namespace n on n.oid = relnamespace
          where pg_class.oid = name));
    if append_only then
        execute format('grant select, insert on %s to tandem_app', name);
    else
        execute format('grant select, insert, update, delete on %s to tandem_app', name);
    end if;
end
$$;

create table kernel.migration (
    service    text        not null,
    name       text        not null,
    sha256     text        not null,
    applied_at timestamptz not null default now(),
    primary key (service, name)
);

-- The event log: every change of state, for ever. An order's timeline is this table read by key.
create table kernel.event (
    org_id      uuid        not null,
    id          uuid        not null,
    seq         bigint      generated always as identity,
    topic       text        not null,
    key         text        not null,
    payload     jsonb       not null,
    actor_kind  text        not null,
    actor_id    uuid,
    actor_label text        not null,
    occurred_at timestamptz not null,
    primary key (org_id, id)
);
create index event_by_key on kernel.event (org_id, key, seq);
create index event_by_seq on kernel.event (org_id, seq);
select kernel.tenant_table('kernel.event', append_only => true);

-- One row per event and subscriber until it is done; done rows are gone, parked rows wait for a person.
-- No foreign key to the event: one statement writes both, events are never deleted, and every event
-- of every order would pay for the check once for each subscriber.
create table kernel.delivery (
    org_id     uuid        not null,
    id         bigint      generated always as identity,
    event_id   uuid        not null,
    subscriber text        not null,
    key        text        not null,
    attempts   int         not null default 0,
    due_at     timestamptz not null default '-infinity',
    parked_at  timestamptz,
    last_error text,
    primary key (org_id, id)
);
create index delivery_in_order on kernel.delivery (org_id, subscriber, key, id);
create index delivery_due on kernel.delivery (id) where parked_at is null;
select kernel.tenant_table('kernel.delivery');

create table kernel.number_series (
    org_id     uuid   not null,
    kind       text   not null,
    period     text   not null,
    next_value bigint not null,
    primary key (org_id, kind, period)
);
select kernel.tenant_table('kernel.number_series');

create table kernel.idempotency (
    org_id      uuid        not null,
    key         text        not null check (length(key) between 1 and 255),
    fingerprint bytea       not null,
    status      int         not null,
    media_type  text        not null,
    body        bytea       not null,
    created_at  timestamptz not null,
    primary key (org_id, key)
) with (toast_tuple_target = 8160);  -- an order's answer is 3 KB: compressing it costs more than it saves
create index idempotency_by_age on kernel.idempotency (org_id, created_at);
select kernel.tenant_table('kernel.idempotency');

create table kernel.external_ref (
    org_id      uuid not null,
    system      text not null,
    kind        text not null,
    external_id text not null check (length(external_id) between 1 and 255),
    entity_kind text not null,
    entity_id   uuid not null,
    order_id    uuid,
    primary key (org_id, system, kind, external_id)
);
create index external_ref_by_entity on kernel.external_ref (org_id, entity_id);
create index external_ref_by_order on kernel.external_ref (org_id, order_id);
create index external_ref_by_value on kernel.external_ref (org_id, external_id);
create index external_ref_anywhere on kernel.external_ref (system, kind, external_id);
select kernel.tenant_table('kernel.external_ref');

create function kernel.org_of_reference(p_system text, p_kind text, p_external_id text)
returns table (org_id uuid) language sql stable security definer set search_path = '' as $$
    select r.org_id from kernel.external_ref r
     where r.system = p_system and r.kind = p_kind and r.external_id = p_external_id
     order by r.org_id limit 1
$$;

create table kernel.public_token (
    org_id     uuid not null,
    token      text not null check (length(token) >= 22),
    kind       text not null,
    entity_id  uuid not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    primary key (org_id, token)
);
create unique index public_token_value on kernel.public_token (token);
create index public_token_by_entity on kernel.public_token (org_id, entity_id);
select kernel.tenant_table('kernel.public_token');

create function kernel.find_token(p_token text)
returns setof kernel.public_token language sql stable security definer set search_path = '' as $$
    select * from kernel.public_token t where t.token = p_token
$$;

create table kernel.audit (
    org_id       uuid        not null,
    id           uuid        not null,
    at           timestamptz not null,
    actor_kind   text        not null,
    actor_id     uuid,
    actor_label  text        not null,
    action       text        not null,
    subject_kind text        not null,
    subject_id   uuid        not null,
    before       jsonb,
    after        jsonb,
    primary key (org_id, id)
);
create index audit_by_subject on kernel.audit (org_id, subject_id, id);
select kernel.tenant_table('kernel.audit', append_only => true);

create table kernel.webhook (
    org_id      uuid        not null,
    id          uuid        not null,
    provider    text        not null,
    delivery_id text        not null,
    headers     jsonb       not null,
    body        bytea       not null,
    received_at timestamptz not null,
    primary key (org_id, id),
    unique (org_id, provider, delivery_id)
);
select kernel.tenant_table('kernel.webhook', append_only => true);

create table kernel.blob (
    org_id     uuid        not null,
    id         uuid        not null,
    sha256     text        not null,
    size_bytes bigint      not null,
    media_type text        not null,
    filename   text        not null,
    created_at timestamptz not null,
    primary key (org_id, id)
);
select kernel.tenant_table('kernel.blob');

-- The worker serves every organisation: it takes the next due delivery and then works inside that
-- organisation only. Nobody else sees rows across the wall.
create function kernel.claim_deliveries(p_now timestamptz, p_limit int)
returns table (org_id uuid, id bigint, subscriber text, attempts int, event_id uuid)
language sql security definer set search_path = '' as $$
    select d.org_id, d.id, d.subscriber, d.attempts, d.event_id
      from kernel.delivery d
     where d.parked_at is null and d.due_at <= p_now
       and not exists (
           select 1 from kernel.delivery earlier
            where earlier.org_id = d.org_id and earlier.subscriber = d.subscriber
              and earlier.key = d.key and earlier.id < d.id)
     order by d.id
     limit p_limit
       for update of d skip locked
$$;

create function kernel.organisations_with_work()
returns table (org_id uuid, waiting bigint, parked bigint, oldest_due timestamptz)
language sql stable security definer set search_path = '' as $$
    select d.org_id, count(*) filter (where d.parked_at is null),
           count(*) filter (where d.parked_at is not null),
           min(d.due_at) filter (where d.parked_at is null)
      from kernel.delivery d group by d.org_id
$$;

revoke execute on all functions in schema kernel from public;
grant execute on function
    kernel.org_of_reference, kernel.find_token,
    kernel.claim_deliveries, kernel.organisations_with_work to tandem_app;
