-- How fast a recipients' domain is written to, and by how many at once, over all workers. `spent`
-- counts hand-overs by tenth of a second for the last second: {"<epoch tenth>": count}.
create table notifications.domain_limit (
    org_id     uuid        not null,
    domain     text        not null check (length(domain) between 3 and 253),
    per_second int         check (per_second between 1 and 1000),
    at_once    int         check (at_once between 1 and 1000),
    spent      jsonb       not null default '{}',
    updated_at timestamptz not null,
    primary key (org_id, domain),
    constraint a_limit_limits_something check (per_second is not null or at_once is not null)
);
select kernel.tenant_table('notifications.domain_limit');

-- The recipient's domain where it has a limit, else empty: so that what waits for its turn stands in
-- a line of its own, and nobody has to read past it.
alter table notifications.message add column domain text not null default '';
drop index notifications.message_waiting;
create index message_waiting
    on notifications.message (org_id, lane, feed, channel, domain, due_at, id)
    where state in ('queued', 'held');
