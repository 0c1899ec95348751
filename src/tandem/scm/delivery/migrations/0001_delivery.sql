create schema delivery;

create table delivery.driver (
    org_id     uuid        not null,
    id         uuid        not null,
    user_id    uuid,
    name       text        not null check (length(name) between 1 and 100),
    phone      text        not null check (phone ~ '^\+[1-9][0-9]{6,14}$'),
    stops_max  int         not null check (stops_max between 1 and 500),
    is_active  boolean     not null default true,
    version    int         not null default 1,
    created_at timestamptz not null,
    primary key (org_id, id),
    unique (org_id, phone),
    unique (org_id, user_id)
);
create index driver_by_phone on delivery.driver (phone);
select kernel.tenant_table('delivery.driver');

create table delivery.vehicle (
    org_id     uuid        not null,
    id         uuid        not null,
    kind       text        not null
               check (kind in ('bicycle', 'scooter', 'three_wheeler', 'van', 'truck')),
    plate      text        not null check (length(plate) between 2 and 20),
    is_active  boolean     not null default true,
    version    int         not null default 1,
    created_at timestamptz not null,
    primary key (org_id, id),
    unique (org_id, plate)
);
select kernel.tenant_table('delivery.vehicle');

create table delivery.device (
    org_id     uuid        not null,
    id         uuid        not null,
    driver_id  uuid        not null,
    name       text        not null check (length(name) between 1 and 100),
    token_hash bytea       unique,
    created_at timestamptz not null,
    revoked_at timestamptz,
    primary key (org_id, id),
    foreign key (org_id, driver_id) references delivery.driver (org_id, id)
);
create index device_by_driver on delivery.device (org_id, driver_id);
select kernel.tenant_table('delivery.device');

-- Sign-in codes are HOTP over a secret of their own, like the codes at the door.
create table delivery.sign_in_code (
    org_id     uuid        not null,
    id         uuid        not null,
    driver_id  uuid        not null,
    secret     bytea       not null,
    tries      int         not null default 0,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at    timestamptz,
    primary key (org_id, id),
    foreign key (org_id, driver_id) references delivery.driver (org_id, id)
);
create index sign_in_code_by_driver on delivery.sign_in_code (org_id, driver_id, created_at);
select kernel.tenant_table('delivery.sign_in_code');

create table delivery.shift (
    org_id     uuid        not null,
    id         uuid        not null,
    driver_id  uuid        not null,
    vehicle_id uuid,
    started_at timestamptz not null,
    ended_at   timestamptz,
    primary key (org_id, id),
    foreign key (org_id, driver_id) references delivery.driver (org_id, id),
    foreign key (org_id, vehicle_id) references delivery.vehicle (org_id, id),
    check (ended_at >= started_at)
);
create unique index shift_of_driver on delivery.shift (org_id, driver_id) where ended_at is null;
create unique index shift_of_vehicle on delivery.shift (org_id, vehicle_id) where ended_at is null;
select kernel.tenant_table('delivery.shift');

create table delivery.run (
    org_id     uuid        not null,
    id         uuid        not null,
    driver_id  uuid        not null,
    vehicle_id uuid,
    opened_at  timestamptz not null,
    closed_at  timestamptz,
    primary key (org_id, id),
    foreign key (org_id, driver_id) references delivery.driver (org_id, id),
    foreign key (org_id, vehicle_id) references delivery.vehicle (org_id, id)
);
create unique index run_open on delivery.run (org_id, driver_id) where closed_at is null;
select kernel.tenant_table('delivery.run');

create table delivery.delivery (
    org_id          uuid        not null,
    id              uuid        not null,
    order_id        uuid        not null,
    shipment_id     uuid        not null,
    order_number    text        not null,
    shipment_number text        not null,
    public_token    text        not null,
    status          text        not null
                    check (status in ('unassigned', 'offered', 'assigned', 'accepted', 'at_pickup',
                                      'picked_up', 'en_route', 'arriving', 'arrived', 'delivered',
                                      'failed', 'reattempt_scheduled', 'returning', 'returned',
                                      'cancelled')),
    reason          text        not null default '',
    driver_id       uuid,
    vehicle_id      uuid,
    run_id          uuid,
    stop_seq        int         not null default 0,
    ship_to         jsonb       not null,
    recipient_phone text        not null,
    phone_key       text        not null,
    lat             double precision check (lat between -90 and 90),
    lon             double precision check (lon between -180 and 180),
    pickup_name     text        not null,
    pickup_lat      double precision,
    pickup_lon      double precision,
    proof_policy    text[]      not null,
    cod_minor       bigint      not null check (cod_minor >= 0),
    cash_minor      bigint      check (cash_minor >= 0),
    currency        text        not null,
    parcels         int         not null,
    promised_on     date,
    attempt         int         not null default 1,
    offered_until   timestamptz,
    is_auto_offered boolean     not null default false,
    next_attempt_on date,
    picked_up_at    timestamptz,
    set_out_at      timestamptz,
    set_out_lat     double precision,
    set_out_lon     double precision,
    arrived_at      timestamptz,
    closed_at       timestamptz,
    created_at      timestamptz not null,
    version         int         not null default 1,
    primary key (org_id, id),
    unique (org_id, shipment_id),
    foreign key (org_id, driver_id) references delivery.driver (org_id, id),
    foreign key (org_id, vehicle_id) references delivery.vehicle (org_id, id),
    foreign key (org_id, run_id) references delivery.run (org_id, id),
    check ((lat is null) = (lon is null)),
    check (driver_id is not null
           or status not in ('offered', 'assigned', 'accepted', 'at_pickup', 'picked_up',
                             'en_route', 'arriving', 'arrived', 'delivered')),
    check ((closed_at is not null) = (status in ('delivered', 'returned', 'cancelled')))
);
create index delivery_by_order on delivery.delivery (org_id, order_id);
create index delivery_by_driver on delivery.delivery (org_id, driver_id, stop_seq)
 where closed_at is null;
create index delivery_by_run on delivery.delivery (org_id, run_id);
create index delivery_open on delivery.delivery (org_id, id) where closed_at is null;
create index delivery_open_by_promise
    on delivery.delivery (org_id, coalesce(promised_on, 'infinity'::date), id)
 where closed_at is null;
create index delivery_by_status on delivery.delivery (org_id, status, id);
create index delivery_by_numbers on delivery.delivery (order_number, phone_key);
create index delivery_by_shipment_number on delivery.delivery (shipment_number, phone_key);
create index delivery_offers on delivery.delivery (org_id, offered_until)
 where status = 'offered';
select kernel.tenant_table('delivery.delivery');

create table delivery.proof (
    org_id          uuid        not null,
    id              uuid        not null,
    delivery_id     uuid        not null,
    kind            text        not null check (kind in ('otp', 'photo', 'signature')),
    blob_id         uuid,
    sha256          text,
    meta            jsonb       not null default '{}',
    lat             double precision,
    lon             double precision,
    is_at_door      boolean,
    occurred_at     timestamptz not null,
    received_at     timestamptz not null,
    client_event_id uuid,
    primary key (org_id, id),
    unique (org_id, client_event_id),
    foreign key (org_id, delivery_id) references delivery.delivery (org_id, id),
    check ((blob_id is null) = (kind = 'otp'))
);
create index proof_by_delivery on delivery.proof (org_id, delivery_id, id);
select kernel.tenant_table('delivery.proof', append_only => true);

-- What happened, as told: every status with the device's time and ours, for ever. Rows that
-- conflicted with the state they met are kept too, with the reason.
create table delivery.delivery_status (
    org_id          uuid        not null,
    id              uuid        not null,
    seq             bigint      generated always as identity,
    delivery_id     uuid        not null,
    status          text        not null,
    reason          text        not null,
    lat             double precision,
    lon             double precision,
    occurred_at     timestamptz not null,
    received_at     timestamptz not null,
    actor_kind      text        not null,
    actor_id        uuid,
    actor_label     text        not null,
    driver_id       uuid,
    proof_id        uuid,
    client_event_id uuid,
    conflict        text,
    primary key (org_id, id),
    unique (org_id, client_event_id),
    foreign key (org_id, delivery_id) references delivery.delivery (org_id, id),
    foreign key (org_id, proof_id) references delivery.proof (org_id, id)
);
create index delivery_status_by_delivery on delivery.delivery_status (org_id, delivery_id, seq);
create index delivery_status_by_time on delivery.delivery_status (org_id, received_at);
create index delivery_status_by_driver
    on delivery.delivery_status (org_id, driver_id, occurred_at);
select kernel.tenant_table('delivery.delivery_status', append_only => true);

create table delivery.door_code (
    org_id      uuid        not null,
    delivery_id uuid        not null,
    secret      bytea       not null check (length(secret) = 20),
    generation  int         not null default 0,
    tries       int         not null default 0 check (tries between 0 and 5),
    sends       int         not null default 0,
    sent_at     timestamptz,
    verified_at timestamptz,
    primary key (org_id, delivery_id),
    foreign key (org_id, delivery_id) references delivery.delivery (org_id, id)
);
select kernel.tenant_table('delivery.door_code');

-- Before anybody is known, these are the only windows through the wall, each as narrow as its key.
create function delivery.find_device(p_token_hash bytea)
returns table (org_id uuid, device_id uuid, driver_id uuid, driver_name text)
language sql stable security definer set search_path = '' as $$
    select d.org_id, d.id, r.id, r.name
      from delivery.device d
      join delivery.driver r on r.org_id = d.org_id and r.id = d.driver_id
     where d.token_hash = p_token_hash and d.revoked_at is null and r.is_active
$$;

create function delivery.find_drivers(p_phone text)
returns table (org_id uuid, driver_id uuid)
language sql stable security definer set search_path = '' as $$
    select r.org_id, r.id
      from delivery.driver r
     where r.phone = p_phone and r.is_active
     order by r.org_id
     limit 20
$$;

create function delivery.find_trackable(p_number text, p_phone_key text)
returns table (org_id uuid, delivery_id uuid)
language sql stable security definer set search_path = '' as $$
    select d.org_id, d.id
      from delivery.delivery d
     where (d.order_number in (p_number, upper(p_number))
            or d.shipment_number in (p_number, upper(p_number)))
       and d.phone_key = p_phone_key
     order by d.created_at desc, d.id desc
     limit 1
$$;

revoke execute on all functions in schema delivery from public;
grant execute on function
    delivery.find_device, delivery.find_drivers, delivery.find_trackable to tandem_app;
