-- A quote in its versions: one row each, all under one number. A sent one never changes again but
-- for what became of it.
create table sales.quote (
    org_id           uuid        not null,
    id               uuid        not null,
    number           text        not null,
    revision         int         not null check (revision > 0),
    opportunity_id   uuid        not null,
    state            text        not null check (state in ('draft', 'sent', 'viewed', 'accepted',
                                                           'declined', 'expired', 'superseded')),
    customer_id      uuid,
    customer_name    text        not null,
    customer_email   text,
    customer_phone   text,
    customer_gstin   text,
    ship_to          jsonb,
    currency         text        not null check (currency ~ '^[A-Z]{3}$'),
    payment_method   text        not null check (payment_method in ('prepaid', 'cod')),
    pay_days         int         not null check (pay_days between 1 and 60),
    valid_until      date        not null,
    note             text        not null default '',
    terms            text        not null default '',
    place_of_supply  text        not null default '',
    supply_kind      text        not null default '',
    is_inter_state   boolean     not null default false,
    taxable_minor    bigint      not null default 0,
    tax_minor        bigint      not null default 0,
    round_off_minor  bigint      not null default 0,
    total_minor      bigint      not null default 0,
    token            text        not null,
    pdf_blob_id      uuid,
    pdf_sha256       text        not null default '',
    sent_at          timestamptz,
    viewed_at        timestamptz,
    settled_at       timestamptz,
    settled_by       text        not null default '',
    decline_reason   text        not null default '',
    order_state      text        not null default ''
                     check (order_state in ('', 'pending_order', 'ordered')),
    order_id         uuid,
    order_number     text        not null default '',
    pending_reason   text        not null default '',
    attempts         int         not null default 0,
    next_attempt_at  timestamptz,
    version          int         not null default 1,
    created_at       timestamptz not null,
    created_by       text        not null default '',
    primary key (org_id, id),
    unique (org_id, number, revision),
    foreign key (org_id, opportunity_id) references sales.opportunity (org_id, id),
    check (total_minor = taxable_minor + tax_minor + round_off_minor),
    check ((order_state <> '') = (state = 'accepted')),
    check ((order_state = 'ordered') = (order_id is not null)),
    check (state = 'draft' or sent_at is not null)
);
create index quote_of_opportunity on sales.quote (org_id, opportunity_id, id);
create unique index quote_draft on sales.quote (org_id, number) where state = 'draft';
create index quote_waiting on sales.quote (org_id, next_attempt_at)
    where order_state = 'pending_order';
create index quote_running on sales.quote (org_id, valid_until) where state in ('sent', 'viewed');
create index quote_of_customer on sales.quote (org_id, customer_id) where customer_id is not null;
select kernel.tenant_table('sales.quote');

create table sales.quote_line (
    org_id             uuid    not null,
    id                 uuid    not null,
    quote_id           uuid    not null,
    line_no            int     not null check (line_no > 0),
    variant_id         uuid    not null,
    sku                text    not null,
    title              text    not null,
    hsn                text    not null,
    unit               text    not null,
    tax_class          text    not null,
    quantity           int     not null check (quantity > 0),
    unit_price_minor   bigint  not null check (unit_price_minor >= 0),
    price_includes_tax boolean not null,
    discount_minor     bigint  not null check (discount_minor >= 0),
    taxable_minor      bigint  not null,
    tax_rate           text    not null,
    cgst_minor         bigint  not null,
    sgst_minor         bigint  not null,
    igst_minor         bigint  not null,
    cess_minor         bigint  not null,
    total_minor        bigint  not null,
    primary key (org_id, id),
    unique (org_id, quote_id, line_no),
    foreign key (org_id, quote_id) references sales.quote (org_id, id),
    check (total_minor = taxable_minor + cgst_minor + sgst_minor + igst_minor + cess_minor)
);
select kernel.tenant_table('sales.quote_line');

-- The words and prices of a version that was sent stay what the buyer read, whoever writes.
create function sales.keep_sent_lines() returns trigger language plpgsql as $$
declare
    touched uuid := case when tg_op = 'INSERT' then new.quote_id else old.quote_id end;
    company uuid := case when tg_op = 'INSERT' then new.org_id else old.org_id end;
begin
    if exists (select from sales.quote q
                where q.org_id = company and q.id = touched and q.state <> 'draft') then
        raise exception 'the lines of a sent quote do not change';
    end if;
    return case when tg_op = 'DELETE' then old else new end;
end $$;
create trigger keep_sent_lines before insert or update or delete on sales.quote_line
    for each row execute function sales.keep_sent_lines();

create function sales.keep_sent_quote() returns trigger language plpgsql as $$
begin
    if old.state <> 'draft'
       and (old.number, old.revision, old.opportunity_id, old.currency, old.payment_method,
            old.pay_days, old.valid_until, old.note, old.terms, old.taxable_minor, old.tax_minor,
            old.round_off_minor, old.total_minor, old.token)
           is distinct from
           (new.number, new.revision, new.opportunity_id, new.currency, new.payment_method,
            new.pay_days, new.valid_until, new.note, new.terms, new.taxable_minor, new.tax_minor,
            new.round_off_minor, new.total_minor, new.token) then
        raise exception 'a sent quote does not change';
    end if;
    if old.pdf_sha256 <> '' and new.pdf_sha256 <> old.pdf_sha256 then
        raise exception 'the paper of a quote does not change';
    end if;
    return new;
end $$;
create trigger keep_sent_quote before update on sales.quote
    for each row execute function sales.keep_sent_quote();
