-- A delivery tried in vain, and what was decided about it. One row per failed scan; of a shipment
-- only the newest is not closed.
create table shipping.ndr_case (
    org_id       uuid        not null,
    id           uuid        not null,
    shipment_id  uuid        not null,
    failed_at    timestamptz not null,
    reason       text        not null,
    attempts     int         not null check (attempts >= 0),
    state        text        not null,
    next_on      date,
    note         text        not null default '',
    is_automatic boolean     not null default false,
    decided_by   text        not null default '',
    decided_at   timestamptz,
    created_at   timestamptz not null,
    primary key (org_id, id),
    unique (org_id, shipment_id, failed_at),
    foreign key (org_id, shipment_id) references shipping.shipment (org_id, id),
    constraint known_state check (state in ('open', 'reattempt', 'returning', 'closed')),
    constraint again_has_its_day check (state <> 'reattempt' or next_on is not null)
);
create index ndr_case_by_state on shipping.ndr_case (org_id, state, id);
create unique index ndr_case_of_today on shipping.ndr_case (org_id, shipment_id)
 where state <> 'closed';
select kernel.tenant_table('shipping.ndr_case');
