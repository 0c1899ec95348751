-- A channel that cannot be reached must not be read past: waiting messages stand by feed and channel.
drop index notifications.message_waiting;
create index message_waiting on notifications.message (org_id, lane, feed, channel, due_at, id)
    where state in ('queued', 'held');
-- What waits for one person, for what changes their mind or ours.
create index message_held on notifications.message (org_id, customer_id, reason)
    where state = 'held' and customer_id is not null;

-- One document per organisation: frequency caps, quiet hours, service-aware holds. No row: none.
create table notifications.sending_rules (
    org_id     uuid        not null,
    document   jsonb       not null,
    version    int         not null,
    updated_at timestamptz not null,
    primary key (org_id)
);
select kernel.tenant_table('notifications.sending_rules');

-- Where somebody lives by the clock, when we know it better than from the company's own zone.
create table notifications.person_zone (
    org_id      uuid        not null,
    customer_id uuid        not null,
    time_zone   text        not null check (length(time_zone) between 1 and 60),
    updated_at  timestamptz not null,
    primary key (org_id, customer_id)
);
select kernel.tenant_table('notifications.person_zone');

-- Which installation sends for this database: the newest row. A copy of the database is at another
-- place (another cluster, another database, another address) and does not send until it is told to.
-- Rows of the installation, not of a company.
create table notifications.sender (
    org_id   uuid        not null,
    id       uuid        not null,
    cluster  text        not null,
    database text        not null,
    place    text        not null,
    at       timestamptz not null,
    primary key (org_id, id)
);
select kernel.tenant_table('notifications.sender', append_only => true);

-- Where we are, as the server itself knows it.
create function notifications.here()
returns table (cluster text, database text)
language sql stable security definer set search_path = pg_catalog as $$
    select (select system_identifier::text from pg_control_system()),
           (select datname || '/' || oid from pg_database where datname = current_database())
$$;

-- Who sends, and where we are; the first to ask becomes the sender.
create function notifications.sender_of(asking_place text, asked_at timestamptz)
returns table (cluster text, database text, place text, since timestamptz,
               here_cluster text, here_database text)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    installation constant uuid := '00000000-0000-0000-0000-000000000000';
begin
    if not exists (select from notifications.sender s where s.org_id = installation) then
        perform pg_advisory_xact_lock(hashtextextended('notifications.sender', 0));
        insert into notifications.sender (org_id, id, cluster, database, place, at)
        select installation, gen_random_uuid(), h.cluster, h.database, asking_place, asked_at
          from notifications.here() h
         where not exists (select from notifications.sender s where s.org_id = installation);
    end if;
    return query
        select s.cluster, s.database, s.place, s.at, h.cluster, h.database
          from notifications.sender s, notifications.here() h
         where s.org_id = installation
         order by s.at desc, s.id desc
         limit 1;
end
$$;
revoke all on function notifications.here() from public;
revoke all on function notifications.sender_of(text, timestamptz) from public;
grant execute on function notifications.sender_of(text, timestamptz) to tandem_app;
