-- Who is reminded of what waits: the buyer of a quote that soon expires, the owner of one that was
-- looked at and not answered, the owner of a deal that stands too long. Null: nobody.
create table sales.reminder_setting (
    org_id         uuid    not null,
    buyer_days     int     check (buyer_days between 1 and 60),
    owner_days     int     check (owner_days between 1 and 60),
    tells_rotting  boolean not null,
    version        int     not null default 1,
    updated_at     timestamptz not null,
    primary key (org_id)
);
select kernel.tenant_table('sales.reminder_setting');

alter table sales.quote
    add column buyer_reminded_at timestamptz,
    add column owner_reminded_at timestamptz;
create index quote_unanswered on sales.quote (org_id, valid_until)
    where state in ('sent', 'viewed');
