-- Raw pings with the verdict of the moment. `device_at` is what the device said, `fix_at` corrected.
create table delivery.ping (
    org_id      uuid             not null,
    device_id   uuid             not null,
    device_at   timestamptz      not null,
    driver_id   uuid             not null,
    seq         bigint,
    fix_at      timestamptz      not null,
    received_at timestamptz      not null,
    lat         double precision not null,
    lon         double precision not null,
    accuracy_m  real,
    speed_mps   real,
    heading     real,
    battery     real,
    reason      text,
    primary key (org_id, device_id, device_at)
);
create unique index ping_seq on delivery.ping (org_id, device_id, seq) where seq is not null;
create index ping_by_driver on delivery.ping (org_id, driver_id, fix_at);
create index ping_age on delivery.ping using brin (received_at);
select kernel.tenant_table('delivery.ping');

-- What is known of each device: its newest fixes, its clock, and the position we stand by.
create table delivery.position (
    org_id      uuid             not null,
    device_id   uuid             not null,
    driver_id   uuid             not null,
    newest_at   timestamptz      not null,
    seq_max     bigint           not null,
    recent      jsonb            not null,
    samples     jsonb            not null,
    skew_ms     bigint           not null,
    lat         double precision,
    lon         double precision,
    accuracy_m  real,
    speed_mps   real,
    heading     real,
    battery     real,
    heard_at    timestamptz,
    received_at timestamptz      not null,
    primary key (org_id, device_id),
    foreign key (org_id, device_id) references delivery.device (org_id, id)
) with (fillfactor = 50);
create index position_by_driver on delivery.position (org_id, driver_id);
select kernel.tenant_table('delivery.position');

create table delivery.fence (
    org_id      uuid    not null,
    delivery_id uuid    not null,
    is_inside   boolean not null,
    count       int     not null,
    since_ms    bigint,
    seen_ms     bigint  not null,
    primary key (org_id, delivery_id),
    foreign key (org_id, delivery_id) references delivery.delivery (org_id, id)
);
select kernel.tenant_table('delivery.fence');

create table delivery.fence_crossing (
    org_id      uuid        not null,
    id          uuid        not null,
    delivery_id uuid        not null,
    driver_id   uuid        not null,
    edge        text        not null check (edge in ('enter', 'exit')),
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    primary key (org_id, id),
    foreign key (org_id, delivery_id) references delivery.delivery (org_id, id)
);
create index fence_crossing_by_delivery on delivery.fence_crossing (org_id, delivery_id, occurred_at);
select kernel.tenant_table('delivery.fence_crossing', append_only => true);

create table delivery.eta (
    org_id      uuid             not null,
    delivery_id uuid             not null,
    arrives_at  timestamptz      not null,
    computed_at timestamptz      not null,
    distance_m  double precision not null,
    source      text             not null,
    is_fallback boolean          not null,
    asked_lat   double precision not null,
    asked_lon   double precision not null,
    points      jsonb            not null,
    primary key (org_id, delivery_id),
    foreign key (org_id, delivery_id) references delivery.delivery (org_id, id)
);
select kernel.tenant_table('delivery.eta');

create table delivery.eta_prediction (
    org_id       uuid             not null,
    id           uuid             not null,
    delivery_id  uuid             not null,
    predicted_at timestamptz      not null,
    arrives_at   timestamptz      not null,
    distance_m   double precision not null,
    source       text             not null,
    is_fallback  boolean          not null,
    primary key (org_id, id),
    foreign key (org_id, delivery_id) references delivery.delivery (org_id, id)
);
create index eta_prediction_by_delivery
    on delivery.eta_prediction (org_id, delivery_id, predicted_at);
create index eta_prediction_by_time on delivery.eta_prediction (org_id, predicted_at);
select kernel.tenant_table('delivery.eta_prediction', append_only => true);

-- Crow-flight metres and seconds of finished ways: what an estimate without streets leans on.
create table delivery.learned_speed (
    org_id  uuid             not null,
    kind    text             not null,
    metres  double precision not null,
    seconds double precision not null,
    primary key (org_id, kind)
);
select kernel.tenant_table('delivery.learned_speed');

create table delivery.policy (
    org_id     uuid        not null primary key,
    policy     jsonb       not null,
    version    int         not null default 1,
    changed_at timestamptz not null
);
select kernel.tenant_table('delivery.policy');

-- Who looked at where a driver has been.
create table delivery.track_view (
    org_id      uuid        not null,
    id          uuid        not null,
    at          timestamptz not null,
    actor_kind  text        not null,
    actor_id    uuid,
    actor_label text        not null,
    driver_id   uuid        not null,
    delivery_id uuid,
    from_at     timestamptz,
    to_at       timestamptz,
    primary key (org_id, id)
);
create index track_view_by_driver on delivery.track_view (org_id, driver_id, at);
select kernel.tenant_table('delivery.track_view', append_only => true);

