begin;
select on_hand - reserved as room from inventory.level where org_id = '@org@' and variant_id = '@variant@' and location_id = '@location@' for update;
update inventory.level set reserved = reserved + 1 where org_id = '@org@' and variant_id = '@variant@' and location_id = '@location@';
insert into inventory.reservation (org_id, order_id, variant_id, location_id, sku, status, held, held_until) values ('@org@', uuidv7(), '@variant@', '@location@', 'HOT', 'held', 1, now() + interval '30 min');
end;
