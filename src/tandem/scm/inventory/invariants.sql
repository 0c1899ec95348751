-- name: what lies on each shelf is the sum of its ledger
select l.org_id, l.sku, l.location_id, l.on_hand, coalesce(sum(e.quantity), 0) as ledger
  from inventory.level l
  left join inventory.entry e
    on (e.org_id, e.variant_id, e.location_id) = (l.org_id, l.variant_id, l.location_id)
 group by l.org_id, l.variant_id, l.location_id
having l.on_hand <> coalesce(sum(e.quantity), 0);

-- name: what each shelf has promised is the sum of what orders hold there
select l.org_id, l.sku, l.location_id, l.reserved, coalesce(sum(r.held), 0) as held
  from inventory.level l
  left join inventory.reservation r
    on (r.org_id, r.variant_id, r.location_id) = (l.org_id, l.variant_id, l.location_id)
 group by l.org_id, l.variant_id, l.location_id
having l.reserved <> coalesce(sum(r.held), 0);

-- name: every ledger entry states the balance that the entries up to it add up to
select told.*
  from (select org_id, id, balance,
               sum(quantity) over (partition by org_id, variant_id, location_id
                                       order by seq) as running
          from inventory.entry) as told
 where balance <> running;

-- name: an order never shipped more of a variant than its reservations say
select e.org_id, e.variant_id, -sum(e.quantity) as ledger
  from inventory.entry e
 where e.kind = 'shipped'
 group by e.org_id, e.variant_id
having -sum(e.quantity) <> (
    select coalesce(sum(r.shipped), 0)
      from inventory.reservation r
     where r.org_id = e.org_id and r.variant_id = e.variant_id);

-- name: every reservation stands on a level
select r.org_id, r.order_id, r.variant_id, r.location_id
  from inventory.reservation r
 where not exists (
    select from inventory.level l
     where (l.org_id, l.variant_id, l.location_id) = (r.org_id, r.variant_id, r.location_id));
