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
