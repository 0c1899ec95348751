-- name: a delivery's status is the last one applied in its status table
select d.org_id, d.id, d.status, last.status as told
  from delivery.delivery d
  left join lateral (
       select s.status
         from delivery.delivery_status s
        where s.org_id = d.org_id and s.delivery_id = d.id and s.conflict is null
        order by s.seq desc
        limit 1) last on true
 where last.status is distinct from d.status;

-- name: whoever delivered had every proof the policy asked for
select d.org_id, d.id, needed.kind
  from delivery.delivery d
 cross join unnest(d.proof_policy) as needed (kind)
 where d.status = 'delivered'
   and not exists (
       select 1 from delivery.proof p
        where p.org_id = d.org_id and p.delivery_id = d.id and p.kind = needed.kind);

-- name: cash on delivery was collected in full before the parcel changed hands
select org_id, id, cod_minor, cash_minor
  from delivery.delivery
 where status = 'delivered' and cod_minor > 0 and cash_minor is distinct from cod_minor;

-- name: a door code proof exists exactly where the code was verified
select d.org_id, d.delivery_id
  from delivery.door_code d
 where (d.verified_at is not null) <> exists (
       select 1 from delivery.proof p
        where p.org_id = d.org_id and p.delivery_id = d.delivery_id and p.kind = 'otp');

-- name: open stops of one run have different places
select org_id, run_id, stop_seq, count(*)
  from delivery.delivery
 where closed_at is null and run_id is not null
   and status in ('assigned', 'accepted', 'at_pickup', 'picked_up', 'en_route', 'arriving', 'arrived')
 group by org_id, run_id, stop_seq
having count(*) > 1;
