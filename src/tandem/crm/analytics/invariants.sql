-- name: a fact has one version that holds
select 'order' as kind, org_id, id from analytics.fact_order
 where superseded_at = 'infinity' group by org_id, id having count(*) > 1
union all
select 'order_line', org_id, id from analytics.fact_order_line
 where superseded_at = 'infinity' group by org_id, id having count(*) > 1
union all
select 'payment', org_id, id from analytics.fact_payment
 where superseded_at = 'infinity' group by org_id, id having count(*) > 1
union all
select 'shipment', org_id, id from analytics.fact_shipment
 where superseded_at = 'infinity' group by org_id, id having count(*) > 1
union all
select 'opportunity', org_id, id from analytics.fact_opportunity
 where superseded_at = 'infinity' group by org_id, id having count(*) > 1;

-- name: a version of a fact ends after it began, and not later than what is known
select f.org_id, f.id
  from analytics.fact_order f
  join analytics.watermark w on w.org_id = f.org_id
 where f.recorded_at >= f.superseded_at or f.recorded_at > w.at
    or (f.superseded_at <> 'infinity' and f.superseded_at > w.at);

-- name: credit comes to the money that moved, by every model and window
select p.org_id, p.id
  from analytics.fact_payment p
  left join (select org_id, movement_id, count(*) as places, min(total) as least, max(total) as most
               from (select c.org_id, c.movement_id, sum(part.value) as total
                       from analytics.fact_credit c
                      cross join lateral unnest(c.credits) with ordinality as part (value, place)
                      where c.superseded_at = 'infinity'
                      group by c.org_id, c.movement_id, part.place) as placed
              group by org_id, movement_id) as credited
    on credited.org_id = p.org_id and credited.movement_id = p.id
 where p.superseded_at = 'infinity' and p.net_base is not null
   and (credited.places is distinct from 20
        or credited.least <> p.net_base or credited.most <> p.net_base);

-- name: sums by day come to the facts that they are of
select org_id, on_day
  from (select org_id, on_day, count(*) as orders from analytics.fact_order
         where superseded_at = 'infinity' group by org_id, on_day) as facts
  full join (select org_id, on_day, sum(m1) as orders from analytics.rollup
              where dataset = 'orders' and clock = 'placed' and superseded_at = 'infinity'
              group by org_id, on_day) as sums using (org_id, on_day)
 where facts.orders is distinct from sums.orders;

-- name: a report that was sent has its file, made for its recipient
select d.org_id, d.id
  from analytics.report_delivery d
  left join analytics.export e
    on e.org_id = d.org_id and e.id = d.export_id and e.asker_id = d.recipient_id
 where d.state = 'sent' and e.id is null;

-- name: a finished file says what it is of
select org_id, id from analytics.export
 where state = 'done' and (row_count is null or size_bytes is null or sha256 = '' or parts < 1)
