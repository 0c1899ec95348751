create schema invoicing;

create table invoicing.seller (
    org_id     uuid        not null primary key,
    state_code text        not null check (state_code ~ '^\d{2}$'),
    time_zone  text        not null,
    rounds_total        boolean not null,
    pays_zero_rated_tax boolean not null,
    profile    jsonb       not null,
    version    int         not null default 1,
    updated_at timestamptz not null
);
select kernel.tenant_table('invoicing.seller');

-- The nil organisation's rows are the national rates: everybody reads them, only a migration adds to
-- them. A company's own rows (another rate for an HSN, cess) come before them.
create table invoicing.tax_rate (
    org_id      uuid          not null,
    id          uuid          not null,
    tax_class   text          not null check (length(tax_class) between 1 and 40),
    hsn_prefix  text          not null default '' check (hsn_prefix ~ '^\d{0,8}$'),
    rate        numeric(7, 4) not null check (rate between 0 and 100),
    cess_rate   numeric(8, 4) not null default 0 check (cess_rate between 0 and 1000),
    cess_per_unit_minor numeric(14, 4) not null default 0 check (cess_per_unit_minor >= 0),
    is_gst_on_cess boolean    not null default false,
    valid_from  date          not null,
    valid_to    date          check (valid_to >= valid_from),
    notification text         not null,
    primary key (org_id, id),
    unique (org_id, tax_class, hsn_prefix, valid_from)
);
select kernel.tenant_table('invoicing.tax_rate');
create policy national on invoicing.tax_rate for select
    using (org_id = '00000000-0000-0000-0000-000000000000');

insert into invoicing.tax_rate
       (org_id, id, tax_class, rate, valid_from, valid_to, notification)
select '00000000-0000-0000-0000-000000000000', gen_random_uuid(), tax_class, rate,
       valid_from::date, valid_to::date, notification
  from (values
    ('standard',     18,   '2017-07-01', null,         '11/2017 and 1/2017-Central Tax (Rate) Sch. III; 9/2025 Sch. II'),
    ('merit',         5,   '2017-07-01', null,         '1/2017-Central Tax (Rate) Sch. I; 9/2025 Sch. I'),
    ('reduced',      12,   '2017-07-01', '2025-09-21', '1/2017-Central Tax (Rate) Sch. II'),
    ('reduced',       5,   '2025-09-22', null,         '9/2025-Central Tax (Rate) Sch. I'),
    ('higher',       28,   '2017-07-01', '2025-09-21', '1/2017-Central Tax (Rate) Sch. IV'),
    ('higher',       18,   '2025-09-22', null,         '9/2025-Central Tax (Rate) Sch. II'),
    ('demerit',      28,   '2017-07-01', '2025-09-21', '1/2017-Central Tax (Rate) Sch. IV'),
    ('demerit',      40,   '2025-09-22', null,         '9/2025-Central Tax (Rate) Sch. III'),
    ('precious',      3,   '2017-07-01', null,         '1/2017-Central Tax (Rate) Sch. V; 9/2025 Sch. IV'),
    ('rough_stones',  0.25,'2017-07-01', null,         '1/2017-Central Tax (Rate) Sch. VI; 9/2025 Sch. V'),
    ('exempt',        0,   '2017-07-01', null,         '2/2017-Central Tax (Rate); 10/2025-Central Tax (Rate)')
  ) as national (tax_class, rate, valid_from, valid_to, notification);

-- Issued documents, invoices and credit notes alike: nothing here is ever changed or deleted.
-- Amounts are positive in minor units; `kind` gives the sign.
create table invoicing.invoice (
    org_id          uuid        not null,
    id              uuid        not null,
    kind            text        not null check (kind in ('INV', 'CRN')),
    series          text        not null,
    fy              text        not null check (fy ~ '^\d{4}-\d{2}$'),
    seq             bigint      not null check (seq > 0),
    number          text        not null check (number ~ '^[a-zA-Z1-9][a-zA-Z0-9/-]{0,15}$'),
    original_id     uuid,
    original_number text,
    credit_no       int         check (credit_no > 0),
    order_id        uuid        not null,
    order_number    text        not null,
    customer_id     uuid        not null,
    refund_id       uuid,
    reason          text        not null,
    issued_at       timestamptz not null,
    issued_on       date        not null,
    seller          jsonb       not null,
    buyer           jsonb       not null,
    ship_to         jsonb       not null,
    place_of_supply text        not null,
    supply_kind     text        not null,
    clause          text        not null,
    is_inter_state  boolean     not null,
    payment_method  text        not null,
    paid_minor      bigint      not null,
    currency        text        not null,
    taxable_minor   bigint      not null check (taxable_minor >= 0),
    cgst_minor      bigint      not null check (cgst_minor >= 0),
    sgst_minor      bigint      not null check (sgst_minor >= 0),
    igst_minor      bigint      not null check (igst_minor >= 0),
    cess_minor      bigint      not null check (cess_minor >= 0),
    round_off_minor bigint      not null check (round_off_minor between -50 and 50),
    total_minor     bigint      not null check (total_minor >= 0),
    irn             text        not null,
    prev_hash       text        not null,
    hash            text        not null check (length(hash) = 64),
    primary key (org_id, id),
    unique (org_id, fy, number),
    unique (org_id, series, fy, seq),
    foreign key (org_id, original_id) references invoicing.invoice (org_id, id),
    constraint credit_note_names_its_invoice
        check ((kind = 'CRN') = (original_id is not null and credit_no is not null)),
    constraint halves_are_equal check (cgst_minor = sgst_minor),
    constraint one_kind_of_tax check (igst_minor = 0 or cgst_minor = 0),
    constraint parts_make_the_total
        check (taxable_minor + cgst_minor + sgst_minor + igst_minor + cess_minor
               + round_off_minor = total_minor)
);
create unique index one_invoice_per_order on invoicing.invoice (org_id, order_id)
    where kind = 'INV';
create unique index one_credit_note_per_refund on invoicing.invoice (org_id, refund_id)
    where refund_id is not null;
create unique index credit_notes_in_turn on invoicing.invoice (org_id, original_id, credit_no);
create index invoice_by_order on invoicing.invoice (org_id, order_id);
create index invoice_by_time on invoicing.invoice (org_id, issued_at, id);
create index invoice_by_customer on invoicing.invoice (org_id, customer_id, issued_at, id);
select kernel.tenant_table('invoicing.invoice', append_only => true);

create table invoicing.invoice_line (
    org_id           uuid    not null,
    id               uuid    not null,
    invoice_id       uuid    not null,
    line_no          int     not null check (line_no > 0),
    order_line_id    uuid    not null,
    original_line_id uuid,
    sku              text    not null,
    title            text    not null,
    hsn              text    not null,
    unit             text    not null,
    quantity         int     not null check (quantity >= 0),
    unit_price_minor bigint  not null,
    price_includes_tax boolean not null,
    discount_minor   bigint  not null,
    tax_class        text    not null,
    tax_rate         text    not null,
    taxable_minor    bigint  not null check (taxable_minor >= 0),
    cgst_minor       bigint  not null check (cgst_minor >= 0),
    sgst_minor       bigint  not null check (sgst_minor = cgst_minor),
    igst_minor       bigint  not null check (igst_minor >= 0),
    cess_minor       bigint  not null check (cess_minor >= 0),
    total_minor      bigint  not null,
    primary key (org_id, id),
    unique (org_id, invoice_id, line_no),
    foreign key (org_id, invoice_id) references invoicing.invoice (org_id, id),
    foreign key (org_id, original_line_id) references invoicing.invoice_line (org_id, id),
    constraint parts_make_the_line
        check (taxable_minor + cgst_minor + sgst_minor + igst_minor + cess_minor = total_minor)
);
create index invoice_line_credits on invoicing.invoice_line (org_id, original_line_id)
    where original_line_id is not null;
select kernel.tenant_table('invoicing.invoice_line', append_only => true);
