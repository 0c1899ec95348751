-- What all orders of somebody come to, kept so that rules need not add up every order of everybody.
-- `spent_minor` is paid less refunded over all orders; count and dates are of those not called off.
create table customers.purchase_sum (
    org_id         uuid        not null,
    customer_id    uuid        not null,
    order_count    bigint      not null,
    spent_minor    bigint      not null,
    first_order_at timestamptz,
    last_order_at  timestamptz,
    primary key (org_id, customer_id)
);
select kernel.tenant_table('customers.purchase_sum');

-- Whose sum is no longer right: one row for each change, written with it, gone when it is summed.
-- Only ever inserted and deleted, so that events of one customer's many orders never wait for each
-- other. Until then whoever reads the sum adds up the orders of these customers.
create table customers.purchase_unsummed (
    org_id      uuid   not null,
    id          bigint generated always as identity,
    customer_id uuid   not null,
    primary key (org_id, customer_id, id)
);
select kernel.tenant_table('customers.purchase_unsummed');

insert into customers.purchase_sum
       (org_id, customer_id, order_count, spent_minor, first_order_at, last_order_at)
select org_id, customer_id,
       count(*) filter (where status in ('placed', 'completed')),
       sum(paid_minor - refunded_minor),
       min(placed_at) filter (where status in ('placed', 'completed')),
       max(placed_at) filter (where status in ('placed', 'completed'))
  from customers.purchase
 where customer_id is not null
 group by org_id, customer_id;
