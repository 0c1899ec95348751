-- What somebody, or a team, is to win in a period; in the company's own currency.
create table sales.quota (
    org_id       uuid        not null,
    id           uuid        not null,
    owner_id     uuid,
    team_id      uuid,
    period       text        not null check (period in ('month', 'quarter', 'year')),
    from_on      date        not null,
    to_on        date        not null,
    target_minor bigint      not null check (target_minor between 1 and 9007199254740992),
    version      int         not null default 1,
    created_at   timestamptz not null,
    primary key (org_id, id),
    check ((owner_id is null) <> (team_id is null)),
    check (to_on > from_on)
);
create unique index quota_of_owner on sales.quota (org_id, owner_id, period, from_on)
    where owner_id is not null;
create unique index quota_of_team on sales.quota (org_id, team_id, period, from_on)
    where team_id is not null;
create index quota_running on sales.quota (org_id, from_on, to_on);
select kernel.tenant_table('sales.quota');

create index opportunity_won on sales.opportunity (org_id, closed_at) where status = 'won';
