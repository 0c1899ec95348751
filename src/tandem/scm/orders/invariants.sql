-- name: an order's amounts are the sums of its lines, its total with what rounding added
select o.org_id, o.id, o.number, o.total_minor, sum(l.total_minor) as lines
  from orders.order o
  left join orders.line l on l.org_id = o.org_id and l.order_id = o.id
 group by o.org_id, o.id
having o.total_minor is distinct from sum(l.total_minor) + o.round_off_minor
    or o.taxable_minor is distinct from sum(l.taxable_minor)
    or o.discount_minor is distinct from sum(l.discount_minor);

-- name: nothing of a cancelled, expired or unpaid order has shipped
select o.org_id, o.id, o.number, o.status, sum(l.quantity_shipped) as shipped
  from orders.order o
  join orders.line l on l.org_id = o.org_id and l.order_id = o.id
 where o.status in ('draft', 'pending_payment', 'cancelled', 'expired')
 group by o.org_id, o.id
having sum(l.quantity_shipped) > 0;

-- name: the fulfilment status is what the lines' quantities say
select *
  from (select o.org_id, o.id, o.fulfilment_status,
               case when sum(l.quantity_returned) > 0
                    then case when sum(l.quantity_returned)
                                   >= sum(l.quantity - l.quantity_cancelled)
                              then 'returned' else 'partially_returned' end
                    when sum(l.quantity_delivered) > 0
                    then case when sum(l.quantity_delivered)
                                   >= sum(l.quantity - l.quantity_cancelled)
                              then 'delivered' else 'partially_delivered' end
                    when sum(l.quantity_shipped) > 0
                    then case when sum(l.quantity_shipped)
                                   >= sum(l.quantity - l.quantity_cancelled)
                              then 'shipped' else 'partially_shipped' end
                    else 'unfulfilled' end as derived
          from orders.order o
          join orders.line l on l.org_id = o.org_id and l.order_id = o.id
         group by o.org_id, o.id) as told
 where fulfilment_status <> derived;

-- name: a completed order has delivered every unit that was not cancelled
select o.org_id, o.id, o.number
  from orders.order o
  join orders.line l on l.org_id = o.org_id and l.order_id = o.id
 where o.status = 'completed'
 group by o.org_id, o.id
having sum(l.quantity_delivered) < sum(l.quantity - l.quantity_cancelled);

-- name: every order's link is its own
select o.org_id, o.id, o.number
  from orders.order o
  left join kernel.public_token t
    on t.org_id = o.org_id and t.token = o.public_token
   and t.kind = 'order' and t.entity_id = o.id
 where t.token is null;

-- name: every order that left the draft was told of exactly once
select o.org_id, o.id, o.number, count(e.id) as told
  from orders.order o
  left join kernel.event e
    on e.org_id = o.org_id and e.key = o.id::text and e.topic = 'orders.placed.v1'
 where o.status not in ('draft', 'cancelled')
 group by o.org_id, o.id
having count(e.id) <> 1;

-- name: every line belongs to an order
select l.org_id, l.order_id, l.line_no
  from orders.line l
 where not exists (
    select from orders.order o where o.org_id = l.org_id and o.id = l.order_id);
