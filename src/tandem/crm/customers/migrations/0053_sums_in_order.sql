-- Rules about what everybody spent and how often they bought read the sums in the order of the
-- customers, from the index alone: beside them as they come, nothing is hashed or sorted.
alter table customers.purchase_sum
    drop constraint purchase_sum_pkey,
    add primary key (org_id, customer_id)
        include (order_count, spent_minor, first_order_at, last_order_at);

-- "Anything ever happened" and "anything but this" in the same way.
drop index customers.activity_by_customer;
create index activity_by_customer
    on customers.activity (org_id, customer_id, occurred_at desc, id desc) include (kind);
