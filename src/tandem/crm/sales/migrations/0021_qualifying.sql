-- What a lead needs before it may stand in a status: fields that are filled in, and a list to tick.
create table sales.status_need (
    org_id          uuid   not null,
    status_id       uuid   not null,
    required_fields text[] not null default '{}' check (cardinality(required_fields) <= 30),
    primary key (org_id, status_id),
    foreign key (org_id, status_id) references sales.lead_status (org_id, id) on delete cascade
);
select kernel.tenant_table('sales.status_need');

create table sales.checklist_step (
    org_id      uuid    not null,
    id          uuid    not null,
    status_id   uuid    not null,
    position    int     not null,
    text        text    not null check (length(text) between 1 and 200),
    is_required boolean not null default true,
    primary key (org_id, id),
    foreign key (org_id, status_id) references sales.lead_status (org_id, id) on delete cascade
);
create index checklist_step_of on sales.checklist_step (org_id, status_id, position);
select kernel.tenant_table('sales.checklist_step');

create table sales.checklist_tick (
    org_id      uuid        not null,
    lead_id     uuid        not null,
    step_id     uuid        not null,
    at          timestamptz not null,
    actor_label text        not null,
    primary key (org_id, lead_id, step_id),
    foreign key (org_id, lead_id) references sales.lead (org_id, id),
    foreign key (org_id, step_id) references sales.checklist_step (org_id, id) on delete cascade
);
select kernel.tenant_table('sales.checklist_tick');
