-- The newest row is the one written last, whatever the clocks of those who wrote them say.
alter table notifications.sender add column seq bigint generated always as identity;

create or replace function notifications.sender_of(asking_place text, asked_at timestamptz)
returns table (cluster text, database text, place text, since timestamptz,
               here_cluster text, here_database text)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    installation constant uuid := '00000000-0000-0000-0000-000000000000';
begin
    if asked_at is not null
       and not exists (select from notifications.sender s where s.org_id = installation) then
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
         order by s.seq desc
         limit 1;
end
$$;
