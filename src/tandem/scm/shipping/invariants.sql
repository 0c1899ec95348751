-- name: the first revision of a promise is the first promise
select s.org_id, s.number, s.promised_first_on, r.promised_on
  from shipping.shipment s
  left join lateral (
       select e.promised_on from shipping.edd_revision e
        where e.org_id = s.org_id and e.shipment_id = s.id order by e.id limit 1) r on true
 where s.promised_first_on is distinct from r.promised_on;

-- name: the newest revision of a promise is the current one
select s.org_id, s.number, s.promised_on, r.promised_on
  from shipping.shipment s
  left join lateral (
       select e.promised_on from shipping.edd_revision e
        where e.org_id = s.org_id and e.shipment_id = s.id order by e.id desc limit 1) r on true
 where s.promised_on is distinct from r.promised_on;

-- name: a shipment carries something in some parcel
select s.org_id, s.number
  from shipping.shipment s
 where not exists (select from shipping.shipment_item i
                    where i.org_id = s.org_id and i.shipment_id = s.id)
    or not exists (select from shipping.parcel p
                    where p.org_id = s.org_id and p.shipment_id = s.id);

-- name: nothing was delivered or failed without a scan that says so
select s.org_id, s.number, s.status
  from shipping.shipment s
 where s.status in ('delivered', 'delivery_failed', 'out_for_delivery', 'picked_up', 'in_transit')
   and not exists (select from shipping.scan c
                    where c.org_id = s.org_id and c.shipment_id = s.id and c.status = s.status);

-- name: a hand-over sheet names shipments of its own carrier only
select s.org_id, s.number, s.carrier, m.carrier
  from shipping.shipment s
  join shipping.manifest m on m.org_id = s.org_id and m.id = s.manifest_id
 where m.carrier <> s.carrier;
