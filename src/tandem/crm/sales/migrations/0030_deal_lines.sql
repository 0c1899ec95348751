-- What a deal is made of. Amounts in minor units of the deal's currency, as invoicing worked them out.
create table sales.opportunity_line (
    org_id             uuid    not null,
    id                 uuid    not null,
    opportunity_id     uuid    not null,
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
    unique (org_id, opportunity_id, line_no),
    foreign key (org_id, opportunity_id) references sales.opportunity (org_id, id),
    check (total_minor = taxable_minor + cgst_minor + sgst_minor + igst_minor + cess_minor)
);
select kernel.tenant_table('sales.opportunity_line');

alter table sales.opportunity
    add column amount_source text not null default 'manual'
        check (amount_source in ('manual', 'lines')),
    add column order_number text not null default '',
    add column order_status text not null default '';

create index opportunity_of_order on sales.opportunity (org_id, order_id)
    where order_id is not null;
