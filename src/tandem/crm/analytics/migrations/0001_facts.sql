create schema analytics;

-- When each event entered the facts, for ever: the numbers as they were at any moment are made of the
-- events that had entered by then. `recorded_at` is null until the next digest.
create table analytics.intake (
    org_id      uuid        not null,
    event_id    uuid        not null,
    key         text        not null,
    recorded_at timestamptz,
    primary key (org_id, event_id)
);
create index intake_waiting on analytics.intake (org_id, event_id) where recorded_at is null;
create index intake_by_key on analytics.intake (org_id, key);
create index intake_by_time on analytics.intake (org_id, recorded_at);
select kernel.tenant_table('analytics.intake');

-- One row per company, locked by whoever changes its facts, so that what is recorded is recorded in
-- order: all that an answer `as of` this moment is made of has been committed.
create table analytics.watermark (
    org_id    uuid        not null,
    at        timestamptz not null,
    zone      text        not null,
    currency  text        not null,
    rebuilt_at timestamptz,
    primary key (org_id)
);
select kernel.tenant_table('analytics.watermark');

-- What one unit of a currency was worth in the company's own from a day on; the last one said counts.
create table analytics.fx_rate (
    org_id      uuid        not null,
    id          uuid        not null,
    currency    text        not null check (currency ~ '^[A-Z]{3}$'),
    from_on     date        not null,
    rate        numeric     not null check (rate > 0 and rate < 1000000000),
    recorded_at timestamptz not null,
    primary key (org_id, id)
);
select kernel.tenant_table('analytics.fx_rate');

-- Every fact has versions: a row holds from `recorded_at` until `superseded_at`. `key` is the key of
-- the events that it is folded from. Amounts in `_minor` are of `currency`, in `_base` of the company's
-- own currency; without a rate they are null.
create table analytics.fact_order (
    org_id         uuid        not null,
    id             uuid        not null,
    key            text        not null,
    recorded_at    timestamptz not null,
    superseded_at  timestamptz not null default 'infinity',
    at             timestamptz not null,
    on_day         date        not null,
    number         text        not null,
    customer_id    uuid,
    channel        text        not null,
    status         text        not null,
    payment_method text        not null,
    state_code     text        not null,
    currency       text        not null,
    units          bigint      not null,
    total_minor    bigint      not null,
    total_base     bigint,
    tax_base       bigint,
    discount_base  bigint,
    paid_base      bigint,
    refunded_base  bigint,
    primary key (org_id, id, recorded_at)
);
create index fact_order_of_day on analytics.fact_order (org_id, on_day);

create table analytics.fact_order_line (
    org_id         uuid        not null,
    id             uuid        not null,
    key            text        not null,
    recorded_at    timestamptz not null,
    superseded_at  timestamptz not null default 'infinity',
    at             timestamptz not null,
    on_day         date        not null,
    order_id       uuid        not null,
    number         text        not null,
    customer_id    uuid,
    variant_id     uuid        not null,
    sku            text        not null,
    channel        text        not null,
    status         text        not null,
    state_code     text        not null,
    currency       text        not null,
    quantity       bigint      not null,
    total_base     bigint,
    taxable_base   bigint,
    primary key (org_id, id, recorded_at)
);
create index fact_order_line_of_day on analytics.fact_order_line (org_id, on_day);

-- Money in (payment, cash) and out (refund); `net_base` is negative for a refund.
create table analytics.fact_payment (
    org_id         uuid        not null,
    id             uuid        not null,
    key            text        not null,
    recorded_at    timestamptz not null,
    superseded_at  timestamptz not null default 'infinity',
    at             timestamptz not null,
    on_day         date        not null,
    order_id       uuid        not null,
    number         text        not null,
    kind           text        not null,
    method         text        not null,
    currency       text        not null,
    amount_base    bigint,
    net_base       bigint,
    primary key (org_id, id, recorded_at)
);
create index fact_payment_of_day on analytics.fact_payment (org_id, on_day);

create table analytics.fact_invoice (
    org_id         uuid        not null,
    id             uuid        not null,
    key            text        not null,
    recorded_at    timestamptz not null,
    superseded_at  timestamptz not null default 'infinity',
    at             timestamptz not null,
    on_day         date        not null,
    order_id       uuid        not null,
    number         text        not null,
    kind           text        not null,
    currency       text        not null,
    net_base       bigint,
    primary key (org_id, id, recorded_at)
);
create index fact_invoice_of_day on analytics.fact_invoice (org_id, on_day);

-- `is_kept` is null until it arrived; `delivered_on` is the day in the company's time zone.
create table analytics.fact_shipment (
    org_id         uuid        not null,
    id             uuid        not null,
    key            text        not null,
    recorded_at    timestamptz not null,
    superseded_at  timestamptz not null default 'infinity',
    at             timestamptz not null,
    on_day         date        not null,
    order_id       uuid        not null,
    number         text        not null,
    carrier        text        not null,
    status         text        not null,
    state_code     text        not null,
    promised_on    date,
    revisions      int         not null,
    failures       int         not null,
    delivered_at   timestamptz,
    delivered_on   date,
    is_kept        boolean,
    hours          numeric,
    primary key (org_id, id, recorded_at)
);
create index fact_shipment_of_day on analytics.fact_shipment (org_id, on_day);
create index fact_shipment_delivered on analytics.fact_shipment (org_id, delivered_on);

create table analytics.fact_stock (
    org_id         uuid        not null,
    id             uuid        not null,
    key            text        not null,
    recorded_at    timestamptz not null,
    superseded_at  timestamptz not null default 'infinity',
    at             timestamptz not null,
    on_day         date        not null,
    variant_id     uuid        not null,
    sku            text        not null,
    location_id    uuid        not null,
    kind           text        not null,
    reason         text        not null,
    quantity       bigint      not null,
    primary key (org_id, id, recorded_at)
);
create index fact_stock_of_day on analytics.fact_stock (org_id, on_day);

create table analytics.fact_complaint (
    org_id         uuid        not null,
    id             uuid        not null,
    key            text        not null,
    recorded_at    timestamptz not null,
    superseded_at  timestamptz not null default 'infinity',
    at             timestamptz not null,
    on_day         date        not null,
    order_id       uuid,
    customer_id    uuid,
    number         text        not null,
    category       text        not null,
    severity       text        not null,
    queue          text        not null,
    channel        text        not null,
    status         text        not null,
    is_breached    boolean     not null,
    rating         int,
    resolved_at    timestamptz,
    resolved_on    date,
    hours          numeric,
    primary key (org_id, id, recorded_at)
);
create index fact_complaint_of_day on analytics.fact_complaint (org_id, on_day);

create table analytics.fact_opportunity (
    org_id         uuid        not null,
    id             uuid        not null,
    key            text        not null,
    recorded_at    timestamptz not null,
    superseded_at  timestamptz not null default 'infinity',
    at             timestamptz not null,
    on_day         date        not null,
    number         text        not null,
    customer_id    uuid,
    owner_id       uuid,
    stage          text        not null,
    status         text        not null,
    source         text        not null,
    lost_reason    text        not null,
    currency       text        not null,
    amount_base    bigint,
    weighted_base  bigint,
    close_on       date,
    closed_at      timestamptz,
    closed_on      date,
    days           numeric,
    primary key (org_id, id, recorded_at)
);
create index fact_opportunity_of_day on analytics.fact_opportunity (org_id, on_day);

-- Every stage an opportunity went into; `days` is how long it stood in the one before.
create table analytics.fact_stage_change (
    org_id         uuid        not null,
    id             uuid        not null,
    key            text        not null,
    recorded_at    timestamptz not null,
    superseded_at  timestamptz not null default 'infinity',
    at             timestamptz not null,
    on_day         date        not null,
    opportunity_id uuid        not null,
    number         text        not null,
    owner_id       uuid,
    from_stage     text        not null,
    to_stage       text        not null,
    days           numeric,
    primary key (org_id, id, recorded_at)
);
create index fact_stage_change_of_day on analytics.fact_stage_change (org_id, on_day);

create table analytics.fact_message (
    org_id         uuid        not null,
    id             uuid        not null,
    key            text        not null,
    recorded_at    timestamptz not null,
    superseded_at  timestamptz not null default 'infinity',
    at             timestamptz not null,
    on_day         date        not null,
    order_id       uuid,
    customer_id    uuid,
    channel        text        not null,
    kind           text        not null,
    feed           text        not null,
    state          text        not null,
    reason         text        not null,
    primary key (org_id, id, recorded_at)
);
create index fact_message_of_day on analytics.fact_message (org_id, on_day);

create table analytics.fact_customer (
    org_id         uuid        not null,
    id             uuid        not null,
    key            text        not null,
    recorded_at    timestamptz not null,
    superseded_at  timestamptz not null default 'infinity',
    at             timestamptz not null,
    on_day         date        not null,
    status         text        not null,
    primary key (org_id, id, recorded_at)
);
create index fact_customer_of_day on analytics.fact_customer (org_id, on_day);

do $$
declare
    named text;
begin
    foreach named in array array['order', 'order_line', 'payment', 'invoice', 'shipment', 'stock',
        'complaint', 'opportunity', 'stage_change', 'message', 'customer'] loop
        perform kernel.tenant_table(('analytics.fact_' || named)::regclass);
    end loop;
end
$$;

-- Sums per day, for questions about everybody's records: at most five dimensions, at most twelve
-- sums, which the code names. They have versions as facts have; old versions are let go of.
create table analytics.rollup (
    org_id        uuid        not null,
    dataset       text        not null,
    clock         text        not null,
    on_day        date        not null,
    place         int         not null,
    recorded_at   timestamptz not null,
    superseded_at timestamptz not null default 'infinity',
    d1 text, d2 text, d3 text, d4 text, d5 text,
    m1 numeric, m2 numeric, m3 numeric, m4 numeric, m5 numeric, m6 numeric,
    m7 numeric, m8 numeric, m9 numeric, m10 numeric, m11 numeric, m12 numeric,
    primary key (org_id, dataset, clock, on_day, place, recorded_at)
);
select kernel.tenant_table('analytics.rollup');
