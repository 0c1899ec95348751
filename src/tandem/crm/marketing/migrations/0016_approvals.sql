-- Who made a campaign and who changed it last: neither says yes to it where a second person must.
alter table marketing.campaign
    add column created_by uuid,
    add column changed_by uuid,
    drop constraint campaign_paused_for_check,
    add constraint campaign_paused_for_check
        check (paused_for in ('', 'by_hand', 'errors', 'bounces', 'complaints', 'outage',
                              'approval'));

-- From how many people on a company wants two pairs of eyes; no row: never.
create table marketing.approval_rule (
    org_id     uuid        not null,
    people_max int         check (people_max between 0 and 100000000),
    version    int         not null check (version > 0),
    updated_at timestamptz not null,
    primary key (org_id)
);
select kernel.tenant_table('marketing.approval_rule');

-- Somebody asked for a yes to a campaign as it stood then; nobody's answer is ever written over.
create table marketing.campaign_approval (
    org_id      uuid        not null,
    id          uuid        not null,
    campaign_id uuid        not null,
    state       text        not null check (state in ('asked', 'approved', 'declined', 'void')),
    people      int         not null check (people >= 0),
    plan        jsonb       not null,
    segments    jsonb       not null default '{}',
    note        text        not null default '' check (length(note) <= 1000),
    asked_by    uuid,
    asked_at    timestamptz not null,
    decided_by  uuid,
    decided_at  timestamptz,
    answer      text        not null default '' check (length(answer) <= 1000),
    voided_at   timestamptz,
    primary key (org_id, id),
    foreign key (org_id, campaign_id) references marketing.campaign (org_id, id),
    check ((state in ('approved', 'declined')) <= (decided_at is not null)),
    check ((decided_at is null) = (decided_by is null)),
    check ((state = 'void') = (voided_at is not null))
);
create unique index approval_in_force on marketing.campaign_approval (org_id, campaign_id)
    where state in ('asked', 'approved');
create index approval_of_campaign on marketing.campaign_approval (org_id, campaign_id, id);
select kernel.tenant_table('marketing.campaign_approval');
