create schema orders;

create table orders.settings (
    org_id               uuid not null primary key,
    number_prefix        text not null check (number_prefix ~ '^([A-Z0-9/-]{0,11}[A-Z/-])?$'),
    number_width         int  not null check (number_width between 0 and 10),
    number_start         int  not null check (number_start between 1 and 1000000000),
    unpaid_minutes       int  not null check (unpaid_minutes between 1 and 43200),
    version              int  not null default 1
);
select kernel.tenant_table('orders.settings');

-- Three axes side by side: what we decided (status), and what follows from money and from goods
-- (payment_status, fulfilment_status), which are written together with the sums they follow from.
create table orders.order (
    org_id            uuid        not null,
    id                uuid        not null,
    number            text        collate "C" not null check (length(number) between 1 and 30),
    public_token      text        not null,
    customer_id       uuid        not null,
    customer_name     text        not null,
    customer_email    text,
    customer_phone    text,
    customer_gstin    text,
    channel           text        not null,
    currency          text        not null check (currency ~ '^[A-Z]{3}$'),
    payment_method    text        not null check (payment_method in ('prepaid', 'cod')),
    status            text        not null check (status in (
                          'draft', 'pending_payment', 'confirmed', 'processing', 'completed',
                          'cancelled', 'expired')),
    payment_status    text        not null default 'none' check (payment_status in (
                          'none', 'authorized', 'partially_paid', 'paid', 'partially_refunded',
                          'refunded', 'overcharged', 'voided')),
    fulfilment_status text        not null default 'unfulfilled' check (fulfilment_status in (
                          'unfulfilled', 'backordered', 'partially_shipped', 'shipped',
                          'partially_delivered', 'delivered', 'partially_returned', 'returned')),
    is_on_hold        boolean     not null default false,
    hold_reason       text        not null default '',
    ship_to           jsonb       not null,
    bill_to           jsonb       not null,
    place_of_supply   text        not null,
    discount_minor    bigint      not null check (discount_minor >= 0),
    taxable_minor     bigint      not null check (taxable_minor >= 0),
    tax_minor         bigint      not null check (tax_minor >= 0),
    total_minor       bigint      not null check (total_minor = taxable_minor + tax_minor),
    authorized_minor  bigint      not null default 0 check (authorized_minor >= 0),
    paid_minor        bigint      not null default 0 check (paid_minor >= 0),
    refunded_minor    bigint      not null default 0 check (refunded_minor between 0 and paid_minor),
    placed_at         timestamptz not null,
    expires_at        timestamptz,
    promised_on       date,
    note              text        not null default '',
    version           int         not null default 1,
    updated_at        timestamptz not null,
    primary key (org_id, id),
    unique (org_id, number),
    constraint waits_for_payment check ((status = 'pending_payment') = (expires_at is not null))
);
-- Each filter of the list reads its own index backwards, so a page costs the same at any size.
create index order_by_time       on orders.order (org_id, placed_at, id);
create index order_by_status     on orders.order (org_id, status, placed_at, id);
create index order_by_payment    on orders.order (org_id, payment_status, placed_at, id);
create index order_by_fulfilment on orders.order (org_id, fulfilment_status, placed_at, id);
create index order_by_customer   on orders.order (org_id, customer_id, placed_at, id);
create index order_by_channel    on orders.order (org_id, channel, placed_at, id);
create index order_unpaid        on orders.order (org_id, expires_at) where expires_at is not null;
create index order_on_hold       on orders.order (org_id, placed_at, id) where is_on_hold;
select kernel.tenant_table('orders.order');

-- A line keeps what was true when it was sold. Open = quantity - shipped - cancelled. No foreign
-- key to its order: both are written by one statement and neither is ever deleted, and the check
-- would take more time than writing all of them; invariants.sql looks instead.
create table orders.line (
    org_id             uuid    not null,
    order_id           uuid    not null,
    line_no            int     not null check (line_no >= 1),
    id                 uuid    not null,
    variant_id         uuid    not null,
    sku                text    not null,
    title              text    not null,
    hsn                text    not null,
    unit               text    not null,
    quantity           int     not null check (quantity > 0),
    unit_price_minor   bigint  not null check (unit_price_minor >= 0),
    price_includes_tax boolean not null,
    discount_minor     bigint  not null check (discount_minor >= 0),
    taxable_minor      bigint  not null check (taxable_minor >= 0),
    tax_class          text    not null,
    tax_rate           text    not null,
    cgst_minor         bigint  not null check (cgst_minor >= 0),
    sgst_minor         bigint  not null check (sgst_minor >= 0),
    igst_minor         bigint  not null check (igst_minor >= 0),
    cess_minor         bigint  not null check (cess_minor >= 0),
    total_minor        bigint  not null,
    weight_grams       int     not null check (weight_grams >= 0),
    quantity_shipped   int     not null default 0 check (quantity_shipped >= 0),
    quantity_delivered int     not null default 0,
    quantity_returned  int     not null default 0,
    quantity_cancelled int     not null default 0 check (quantity_cancelled >= 0),
    primary key (org_id, order_id, line_no),
    constraint adds_up check (
        total_minor = taxable_minor + cgst_minor + sgst_minor + igst_minor + cess_minor),
    constraint ships_what_is_left check (quantity_shipped + quantity_cancelled <= quantity),
    constraint delivers_what_shipped check (quantity_delivered between 0 and quantity_shipped),
    constraint returns_what_shipped check (quantity_returned between 0 and quantity_shipped)
);
select kernel.tenant_table('orders.line');

-- A batch of new orders arrives as an array of these: one value for each row instead of one array
-- for each column, which the driver writes and the server reads in a third of the time.
create type orders.new_order as (
    id              uuid,
    number          text,
    public_token    text,
    customer_id     uuid,
    customer_name   text,
    customer_email  text,
    customer_phone  text,
    customer_gstin  text,
    channel         text,
    currency        text,
    payment_method  text,
    status          text,
    ship_to         text,
    bill_to         text,
    place_of_supply text,
    discount_minor  bigint,
    taxable_minor   bigint,
    tax_minor       bigint,
    total_minor     bigint,
    expires_at      timestamptz,
    promised_on     date,
    note            text
);

create type orders.new_line as (
    order_id           uuid,
    line_no            int,
    id                 uuid,
    variant_id         uuid,
    sku                text,
    title              text,
    hsn                text,
    unit               text,
    quantity           int,
    unit_price_minor   bigint,
    price_includes_tax boolean,
    discount_minor     bigint,
    taxable_minor      bigint,
    tax_class          text,
    tax_rate           text,
    cgst_minor         bigint,
    sgst_minor         bigint,
    igst_minor         bigint,
    cess_minor         bigint,
    total_minor        bigint,
    weight_grams       int
);
