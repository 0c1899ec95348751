create schema shipping;

-- One document per organisation, read whole and written whole; no row means the usual settings.
-- `stamp` is new with every save: what a process remembers of a transaction that was rolled back
-- can never be taken for what is stored.
create table shipping.settings (
    org_id     uuid        not null,
    document   jsonb       not null,
    stamp      uuid        not null,
    version    int         not null,
    updated_at timestamptz not null,
    primary key (org_id)
);
select kernel.tenant_table('shipping.settings');

create table shipping.manifest (
    org_id     uuid        not null,
    id         uuid        not null,
    number     text        not null,
    carrier    text        not null,
    created_at timestamptz not null,
    primary key (org_id, id),
    unique (org_id, number)
);
select kernel.tenant_table('shipping.manifest', append_only => true);

create table shipping.shipment (
    org_id            uuid        not null,
    id                uuid        not null,
    number            text        not null,
    public_token      text        not null,
    order_id          uuid        not null,
    order_number      text        not null,
    carrier           text        not null,
    awb               text,
    status            text        not null,
    base_status       text        not null,
    carrier_status    text,
    status_at         timestamptz not null,
    sender            jsonb       not null,
    ship_to           jsonb       not null,
    recipient_phone   text,
    weight_grams      int         not null check (weight_grams >= 0),
    charged_grams     int         not null check (charged_grams >= weight_grams),
    value_minor       bigint      not null check (value_minor >= 0),
    cod_minor         bigint      not null check (cod_minor >= 0),
    currency          text        not null,
    promised_first_on date,
    promised_on       date,
    attempts          int         not null default 0,
    picked_up_at      timestamptz,
    delivered_at      timestamptz,
    delivered_on      date,
    is_on_time        boolean     generated always as (delivered_on <= promised_first_on) stored,
    cancel_reason     text        not null default '',
    manifest_id       uuid,
    version           int         not null default 1,
    created_at        timestamptz not null,
    updated_at        timestamptz not null,
    primary key (org_id, id),
    unique (org_id, number),
    unique (org_id, public_token),
    foreign key (org_id, manifest_id) references shipping.manifest (org_id, id),
    constraint known_status check (status in (
        'draft', 'label_pending', 'ready', 'manifested', 'picked_up', 'in_transit', 'on_hold',
        'out_for_delivery', 'ready_for_pickup', 'delivery_failed', 'delivered', 'rto_initiated',
        'rto_in_transit', 'rto_delivered', 'cancelled', 'lost', 'damaged')),
    constraint known_base_status check (base_status in (
        'draft', 'label_pending', 'ready', 'manifested', 'rto_initiated', 'cancelled')),
    constraint cancelled_is_ours check ((status = 'cancelled') = (base_status = 'cancelled')),
    constraint delivered_has_its_day check ((status = 'delivered') = (delivered_on is not null))
);
create index shipment_by_order on shipping.shipment (org_id, order_id);
create index shipment_by_awb on shipping.shipment (org_id, awb) where awb is not null;
create index shipment_by_status on shipping.shipment (org_id, status, id);
create index shipment_under_way on shipping.shipment (org_id, promised_on)
 where status not in ('delivered', 'rto_delivered', 'cancelled', 'lost', 'damaged');
select kernel.tenant_table('shipping.shipment');

-- What the buyer was told first is what we are judged by: nobody rewrites it.
create function shipping.keep_first_promise() returns trigger language plpgsql as $$
begin
    if new.promised_first_on is distinct from old.promised_first_on then
        raise exception 'the first promise of % is kept for ever', old.number
              using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;
create trigger keep_first_promise before update on shipping.shipment
   for each row execute function shipping.keep_first_promise();

create table shipping.parcel (
    org_id       uuid not null,
    shipment_id  uuid not null,
    number       text not null,
    position     int  not null,
    weight_grams int  not null check (weight_grams >= 0),
    length_mm    int  not null,
    width_mm     int  not null,
    height_mm    int  not null,
    primary key (org_id, shipment_id, number),
    foreign key (org_id, shipment_id) references shipping.shipment (org_id, id)
);
select kernel.tenant_table('shipping.parcel');

create table shipping.shipment_item (
    org_id        uuid not null,
    shipment_id   uuid not null,
    order_line_id uuid not null,
    position      int  not null,
    variant_id    uuid not null,
    sku           text not null,
    title         text not null,
    quantity      int  not null check (quantity > 0),
    weight_grams  int  not null check (weight_grams >= 0),
    primary key (org_id, shipment_id, order_line_id),
    foreign key (org_id, shipment_id) references shipping.shipment (org_id, id)
);
create index shipment_item_by_line on shipping.shipment_item (org_id, order_line_id);
select kernel.tenant_table('shipping.shipment_item', append_only => true);

-- Everything anybody saw, once; `hash` is what was seen, so that a repeated report adds nothing.
create table shipping.scan (
    org_id      uuid        not null,
    id          uuid        not null,
    shipment_id uuid        not null,
    status      text        not null,
    code        text        not null,
    reason      text        not null,
    location    text        not null,
    source      text        not null,
    latitude    double precision,
    longitude   double precision,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    hash        bytea       not null,
    primary key (org_id, id),
    unique (org_id, shipment_id, hash),
    foreign key (org_id, shipment_id) references shipping.shipment (org_id, id)
);
create index scan_in_order on shipping.scan (org_id, shipment_id, occurred_at, id);
select kernel.tenant_table('shipping.scan', append_only => true);

create table shipping.edd_revision (
    org_id      uuid        not null,
    id          uuid        not null,
    shipment_id uuid        not null,
    promised_on date        not null,
    cause       text        not null,
    told_at     timestamptz not null,
    told_by     text        not null,
    primary key (org_id, id),
    foreign key (org_id, shipment_id) references shipping.shipment (org_id, id)
);
create index edd_revision_by_shipment on shipping.edd_revision (org_id, shipment_id, id);
select kernel.tenant_table('shipping.edd_revision', append_only => true);
