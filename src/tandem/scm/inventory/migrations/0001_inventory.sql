create schema inventory;

create table inventory.location (
    org_id     uuid        not null,
    id         uuid        not null,
    code       text        not null check (code ~ '^[A-Z0-9][A-Z0-9-]{0,19}$'),
    name       text        not null check (length(name) between 1 and 100),
    kind       text        not null check (kind in ('warehouse', 'store', 'vendor', 'quarantine')),
    priority   int         not null check (priority between 0 and 10000),
    address    jsonb,
    is_active  boolean     not null default true,
    version    int         not null default 1,
    created_at timestamptz not null,
    primary key (org_id, id),
    unique (org_id, code)
);
select kernel.tenant_table('inventory.location');

-- The row every sale of a variant at a location locks. Room on each page keeps its updates off the
-- index: neither of the two counts is indexed.
create table inventory.level (
    org_id        uuid not null,
    variant_id    uuid not null,
    location_id   uuid not null,
    sku           text not null,
    on_hand       int  not null default 0,
    reserved      int  not null default 0,
    reorder_point int  not null default 0 check (reorder_point between 0 and 1000000000),
    primary key (org_id, variant_id, location_id),
    foreign key (org_id, location_id) references inventory.location (org_id, id),
    constraint never_oversold check (reserved between 0 and on_hand),
    constraint countable check (on_hand <= 1000000000)
) with (fillfactor = 70);
create index level_by_sku on inventory.level (org_id, sku, location_id);
create index level_by_location on inventory.level (org_id, location_id);
select kernel.tenant_table('inventory.level');

-- What an order holds where. `held` is what counts against the shelf now; what has left or was let
-- go stays readable beside it. No foreign key to the level: every writer has locked that very row,
-- and the check would be a third of the cost of placing an order; invariants.sql looks instead.
create table inventory.reservation (
    org_id      uuid        not null,
    order_id    uuid        not null,
    variant_id  uuid        not null,
    location_id uuid        not null,
    sku         text        not null,
    status      text        not null
                check (status in ('held', 'allocated', 'shipped', 'released', 'expired')),
    held        int         not null check (held >= 0),
    shipped     int         not null default 0 check (shipped >= 0),
    restocked   int         not null default 0 check (restocked between 0 and shipped),
    held_until  timestamptz,
    primary key (org_id, order_id, variant_id, location_id),
    check ((status in ('held', 'allocated')) = (held > 0))
);
select kernel.tenant_table('inventory.reservation');

-- The ledger: why on hand is what it is. `balance` is the level's on hand right after the entry.
create table inventory.entry (
    org_id      uuid        not null,
    id          uuid        not null,
    seq         bigint      generated always as identity,
    kind        text        not null check (kind in ('received', 'adjusted', 'shipped', 'returned')),
    variant_id  uuid        not null,
    location_id uuid        not null,
    sku         text        not null,
    quantity    int         not null check (quantity <> 0),
    balance     int         not null check (balance >= 0),
    reason      text        not null default '',
    note        text        not null default '',
    cause_kind  text        not null check (cause_kind in ('hand', 'order', 'shipment', 'opening')),
    cause_id    uuid,
    actor_kind  text        not null,
    actor_id    uuid,
    actor_label text        not null,
    occurred_at timestamptz not null,
    primary key (org_id, id),
    foreign key (org_id, variant_id, location_id)
        references inventory.level (org_id, variant_id, location_id),
    constraint adjusted_for_a_reason check (kind <> 'adjusted' or reason <> ''),
    constraint goods_in_or_out check (
        kind = 'adjusted' or (quantity > 0) = (kind in ('received', 'returned')))
);
create index entry_of_level on inventory.entry (org_id, variant_id, location_id, seq);
create index entry_by_seq on inventory.entry (org_id, seq);
create unique index entry_once_per_shipment
    on inventory.entry (org_id, cause_id, variant_id, location_id)
    where cause_kind = 'shipment' and kind = 'shipped';
select kernel.tenant_table('inventory.entry', append_only => true);
