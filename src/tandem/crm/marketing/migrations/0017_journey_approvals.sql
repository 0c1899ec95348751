-- Who made a journey and who changed it last: neither says yes to it where a second person must.
alter table marketing.journey
    add column created_by uuid,
    add column changed_by uuid;

-- Somebody asked for a yes to a journey's draft as it stood then; nobody's answer is written over.
create table marketing.journey_approval (
    org_id     uuid        not null,
    id         uuid        not null,
    journey_id uuid        not null,
    state      text        not null check (state in ('asked', 'approved', 'declined', 'void')),
    people     int         check (people >= 0),
    plan       jsonb       not null,
    segments   jsonb       not null default '{}',
    note       text        not null default '' check (length(note) <= 1000),
    asked_by   uuid,
    asked_at   timestamptz not null,
    decided_by uuid,
    decided_at timestamptz,
    answer     text        not null default '' check (length(answer) <= 1000),
    voided_at  timestamptz,
    primary key (org_id, id),
    foreign key (org_id, journey_id) references marketing.journey (org_id, id),
    check ((state in ('approved', 'declined')) <= (decided_at is not null)),
    check ((decided_at is null) = (decided_by is null)),
    check ((state = 'void') = (voided_at is not null))
);
create unique index journey_approval_in_force on marketing.journey_approval (org_id, journey_id)
    where state in ('asked', 'approved');
create index journey_approval_of on marketing.journey_approval (org_id, journey_id, id);
select kernel.tenant_table('marketing.journey_approval');
