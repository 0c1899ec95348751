\set buyer random(1, @customers@)
begin;
select gen_random_uuid()::text as key, uuidv7()::text as id, uuidv7()::text as told, uuidv7()::text as placed, translate(encode(uuid_send(gen_random_uuid()), 'base64'), '+/=', '-_.') as token \gset
select v.sku as sku, v.title as title, v.price_minor as price from catalog.variant v where v.org_id = '@org@' and v.id = '@variant@' \gset
select c.id::text as customer, c.name as name from customers.customer c where c.org_id = '@org@' and c.id = (select id from bench_buyer where n = :buyer) \gset
select on_hand - reserved as room from inventory.level where org_id = '@org@' and variant_id = '@variant@' and location_id = '@location@' for update;
update inventory.level set reserved = reserved + 1 where org_id = '@org@' and variant_id = '@variant@' and location_id = '@location@';
insert into inventory.reservation (org_id, order_id, variant_id, location_id, sku, status, held, held_until) values ('@org@', cast(:id as uuid), '@variant@', '@location@', :sku, 'held', 1, now() + interval '30 min');
insert into kernel.public_token (org_id, token, kind, entity_id) values ('@org@', :token, 'order', cast(:id as uuid));
insert into orders.order (org_id, id, number, public_token, customer_id, customer_name, customer_email, customer_phone, channel, currency, payment_method, status, ship_to, bill_to, place_of_supply, discount_minor, taxable_minor, tax_minor, total_minor, placed_at, expires_at, promised_on, updated_at) values ('@org@', cast(:id as uuid), 'SO-' || nextval('bench_number'), :token, cast(:customer as uuid), :name, 'buyer@example.test', '+919876543210', 'web', 'INR', 'prepaid', 'pending_payment', '@address@'::jsonb, '@address@'::jsonb, '29', 0, cast(:price as bigint), 0, cast(:price as bigint), now(), now() + interval '30 min', current_date + 3, now());
insert into orders.line (org_id, order_id, line_no, id, variant_id, sku, title, hsn, unit, quantity, unit_price_minor, price_includes_tax, discount_minor, taxable_minor, tax_class, tax_rate, cgst_minor, sgst_minor, igst_minor, cess_minor, total_minor, weight_grams) values ('@org@', cast(:id as uuid), 1, uuidv7(), '@variant@', :sku, :title, '0902', 'NOS', 1, cast(:price as bigint), true, 0, cast(:price as bigint), 'merit', '5', 0, 0, 0, 0, cast(:price as bigint), 100);
insert into kernel.event (org_id, id, topic, key, payload, occurred_at, actor_kind, actor_label) values ('@org@', cast(:told as uuid), 'inventory.stock_reserved.v1', :id, '@payload@'::jsonb, now(), 'api_key', 'k');
insert into kernel.event (org_id, id, topic, key, payload, occurred_at, actor_kind, actor_label) values ('@org@', cast(:placed as uuid), 'orders.placed.v1', :id, '@payload@'::jsonb, now(), 'api_key', 'k');
insert into kernel.delivery (org_id, event_id, subscriber, key) select '@org@', cast(:placed as uuid), subscriber, :id from unnest(@subscribers@::text[]) as subscriber;
insert into kernel.idempotency (org_id, key, fingerprint, status, media_type, body, created_at) values ('@org@', :key, '\x00', 201, 'application/json', '@body@'::bytea, now());
end;
