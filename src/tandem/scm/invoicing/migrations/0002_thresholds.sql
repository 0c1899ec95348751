-- Amounts that the law names, from the day they hold. The nil organisation's rows are everybody's.
create table invoicing.threshold (
    org_id       uuid   not null,
    name         text   not null check (name in ('large_consumer_sale')),
    amount_minor bigint not null check (amount_minor > 0),
    valid_from   date   not null,
    notification text   not null,
    primary key (org_id, name, valid_from)
);
select kernel.tenant_table('invoicing.threshold');
create policy national on invoicing.threshold for select
    using (org_id = '00000000-0000-0000-0000-000000000000');

insert into invoicing.threshold (org_id, name, amount_minor, valid_from, notification)
select '00000000-0000-0000-0000-000000000000', 'large_consumer_sale', amount_minor,
       valid_from::date, notification
  from (values
    (25000000, '2017-07-01', 'CGST Rules, FORM GSTR-1, table 5'),
    (10000000, '2024-08-01', '12/2024-Central Tax')
  ) as national (amount_minor, valid_from, notification);

create index invoice_by_day on invoicing.invoice (org_id, issued_on, id);
