-- Rules go through everybody in the order of their ids: customers, their orders and one kind of what
-- happened to them come in that order from these indexes alone, and are joined and counted as they
-- come, without being sorted or hashed and without the tables themselves.
create index customer_standing on customers.customer (org_id, id)
 where merged_into_id is null and erased_at is null;

drop index customers.purchase_by_customer;
create index purchase_by_customer on customers.purchase (org_id, customer_id, placed_at)
       include (status, total_minor);

-- What rules compare of a line stands beside it. Amounts are whole minor units.
alter table customers.activity
    add column amount_minor bigint generated always as (
        case when jsonb_typeof(facts -> 'amount_minor') = 'number'
             then (facts ->> 'amount_minor')::numeric::bigint end) stored,
    add column status text generated always as (facts ->> 'status') stored;
drop index customers.activity_of_kind;
create index activity_of_kind on customers.activity (org_id, kind, customer_id, occurred_at)
       include (amount_minor, status);
drop index customers.activity_by_kind;
create index activity_by_kind on customers.activity (org_id, kind, occurred_at)
       include (customer_id, amount_minor, status);
