-- name: every product has a variant
select p.org_id, p.id
  from catalog.product p
 where not exists (
       select from catalog.variant v where v.org_id = p.org_id and v.product_id = p.id);

-- name: a variant's title is its product's, with its label
select v.org_id, v.id, v.title
  from catalog.variant v
  join catalog.product p on p.org_id = v.org_id and p.id = v.product_id
 where v.title <> case when v.label = '' then p.title else p.title || ', ' || v.label end;
