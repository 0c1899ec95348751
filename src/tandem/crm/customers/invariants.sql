-- name: whoever holds a contact's key has that contact
select k.org_id, k.kind, k.customer_id
  from customers.contact_key k
 where not exists (
       select from customers.contact_point p
        where p.org_id = k.org_id and p.customer_id = k.customer_id
          and p.kind = k.kind and p.value = k.value);

-- name: every contact has somebody whose orders it brings
select p.org_id, p.kind, p.customer_id
  from customers.contact_point p
 where not exists (
       select from customers.contact_key k
        where k.org_id = p.org_id and k.kind = p.kind and k.value = p.value);

-- name: a tax number contains the customer's PAN
select c.org_id, c.id, c.gstin, c.pan
  from customers.customer c
 where c.gstin is not null and c.pan is not null and substr(c.gstin, 3, 10) <> c.pan;

-- name: a consent that stands was written into the ledger
select c.org_id, c.customer_id, c.purpose, c.channel, c.state
  from customers.consent c
 where not exists (
       select from customers.consent_event e
        where e.org_id = c.org_id and e.customer_id = c.customer_id
          and e.purpose = c.purpose and e.channel = c.channel and e.state = c.state);

-- name: nobody is merged into somebody who is merged
select c.org_id, c.id, c.merged_into_id
  from customers.customer c
  join customers.customer s on s.org_id = c.org_id and s.id = c.merged_into_id
 where s.merged_into_id is not null;

-- name: whoever was merged holds no contact and is in no segment
select c.org_id, c.id
  from customers.customer c
 where c.merged_into_id is not null
   and (exists (select from customers.contact_point p
                 where p.org_id = c.org_id and p.customer_id = c.id)
        or exists (select from customers.segment_member m
                    where m.org_id = c.org_id and m.customer_id = c.id));

-- name: whoever was erased has no contact, address, note, file or task left
select c.org_id, c.id
  from customers.customer c
 where c.erased_at is not null
   and (c.name <> 'Erased'
        or exists (select from customers.contact_point p
                    where p.org_id = c.org_id and p.customer_id = c.id)
        or exists (select from customers.address a
                    where a.org_id = c.org_id and a.customer_id = c.id)
        or exists (select from customers.note n
                    where n.org_id = c.org_id and n.subject_id = c.id)
        or exists (select from customers.file f
                    where f.org_id = c.org_id and f.subject_id = c.id)
        or exists (select from customers.task t
                    where t.org_id = c.org_id and t.subject_id = c.id));

-- name: what somebody's orders come to is their sum, or noted to be summed
select coalesce(p.org_id, s.org_id), coalesce(p.customer_id, s.customer_id)
  from (select org_id, customer_id,
               count(*) filter (where status in ('placed', 'completed')) as order_count,
               sum(paid_minor - refunded_minor) as spent_minor,
               min(placed_at) filter (where status in ('placed', 'completed')) as first_order_at,
               max(placed_at) filter (where status in ('placed', 'completed')) as last_order_at
          from customers.purchase where customer_id is not null group by 1, 2) p
  full join customers.purchase_sum s on s.org_id = p.org_id and s.customer_id = p.customer_id
 where (p.order_count, p.spent_minor, p.first_order_at, p.last_order_at)
       is distinct from (s.order_count, s.spent_minor, s.first_order_at, s.last_order_at)
   and not exists (
       select from customers.purchase_unsummed u
        where u.org_id = coalesce(p.org_id, s.org_id)
          and u.customer_id = coalesce(p.customer_id, s.customer_id));
