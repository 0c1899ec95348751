\set first random(1, @variants@ - 2)
\set buyer random(1, @customers@)
with ids as (
    select uuidv7() as order_id
), picked as (
    select v.id, v.sku, v.title, v.hsn, v.unit, v.tax_class, v.price_minor, v.weight_grams,
           row_number() over (order by v.id) as line_no,
           round(v.price_minor / 1.18) as taxable
      from catalog.variant v
     where v.org_id = '@org@' and v.id in (select id from bench_sku where n between :first and :first + 2)
), buyer as (
    select c.id, c.name, c.gstin
      from customers.customer c
     where c.org_id = '@org@' and c.id = (select id from bench_buyer where n = :buyer)
), locked as (
    select l.variant_id, l.location_id
      from inventory.level l
     where l.org_id = '@org@' and l.variant_id in (select id from picked)
       and l.on_hand - l.reserved >= 1
     order by l.variant_id, l.location_id
       for no key update
), taken as (
    update inventory.level l set reserved = l.reserved + 1
      from locked
     where l.org_id = '@org@' and l.variant_id = locked.variant_id
       and l.location_id = locked.location_id
    returning l.variant_id, l.location_id, l.sku
), held as (
    insert into inventory.reservation
           (org_id, order_id, variant_id, location_id, sku, status, held, held_until)
    select '@org@', ids.order_id, taken.variant_id, taken.location_id, taken.sku, 'held', 1,
           now() + interval '30 min'
      from taken, ids
), token as (
    insert into kernel.public_token (org_id, token, kind, entity_id)
    select '@org@', translate(encode(uuid_send(gen_random_uuid()), 'base64'), '+/=', '-_.'),
           'order', order_id
      from ids
    returning token
), @number_cte@ placed as (
    insert into orders.order
           (org_id, id, number, public_token, customer_id, customer_name, customer_email,
            customer_phone, customer_gstin, channel, currency, payment_method, status, ship_to,
            bill_to, place_of_supply, discount_minor, taxable_minor, tax_minor, total_minor,
            placed_at, expires_at, promised_on, updated_at)
    select '@org@', ids.order_id, 'SO-' || @number@, token.token, buyer.id, buyer.name,
           'buyer@example.test', '+919876543210', buyer.gstin, 'web', 'INR', 'prepaid',
           'pending_payment', '@address@'::jsonb, '@address@'::jsonb, '29', 0,
           (select sum(taxable) from picked), (select sum(price_minor - taxable) from picked),
           (select sum(price_minor) from picked), now(), now() + interval '30 min',
           current_date + 3, now()
      from ids, token, buyer @number_from@
), lines as (
    insert into orders.line
           (org_id, order_id, line_no, id, variant_id, sku, title, hsn, unit, quantity,
            unit_price_minor, price_includes_tax, discount_minor, taxable_minor, tax_class,
            tax_rate, cgst_minor, sgst_minor, igst_minor, cess_minor, total_minor, weight_grams)
    select '@org@', ids.order_id, line_no, uuidv7(), id, sku, title, hsn, unit, 1, price_minor,
           true, 0, taxable, tax_class, '18', price_minor - taxable, 0, 0, 0, price_minor,
           weight_grams
      from picked, ids
), told as (
    insert into kernel.event
           (org_id, id, topic, key, payload, occurred_at, actor_kind, actor_label)
    select '@org@', uuidv7(), topic, ids.order_id::text, '@payload@'::jsonb, now(), 'api_key', 'k'
      from ids, unnest(array['inventory.stock_reserved.v1', 'orders.placed.v1']) as topic
    returning id, topic, key
), due as (
    insert into kernel.delivery (org_id, event_id, subscriber, key)
    select '@org@', told.id, subscriber, told.key
      from told, unnest(@subscribers@::text[]) as subscriber
     where told.topic = 'orders.placed.v1'
)
insert into kernel.idempotency (org_id, key, fingerprint, status, media_type, body, created_at)
select '@org@', order_id::text, '\x00', 201, 'application/json', '@body@'::bytea, now() from ids;
