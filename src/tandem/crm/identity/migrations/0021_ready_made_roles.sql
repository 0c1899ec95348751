-- The ready-made roles for companies that were founded before there were so many. A new company gets
-- them from `domain.roles.READY_MADE`; the tests compare the two.

insert into identity.role (org_id, key, name, description, grants, is_ready_made)
select o.org_id, made.key, made.name, made.description, made.grants, true
  from identity.organisation o
 cross join (values
    ('admin', 'Administrator',
     'Everything, people and roles too.', array[
      '*']),
    ('operations', 'Operations',
     'Orders from the first call to the door, stock and catalogue.', array[
      'catalog.*', 'customers.*', 'delivery.*', 'inventory.*', 'invoicing.read',
      'notifications.read', 'orders.*', 'payments.read', 'shipping.*', 'support.*']),
    ('stock', 'Stock',
     'Goods in, counts and parcels out; no customers, no money.', array[
      'catalog.read', 'inventory.*', 'orders.read', 'shipping.read', 'shipping.scan']),
    ('dispatcher', 'Dispatcher',
     'Drivers, vehicles and what they carry.', array[
      'customers.read', 'delivery.*', 'orders.read', 'shipping.*']),
    ('driver', 'Driver',
     'Their own deliveries, on their phone.', array[
      'delivery.drive']),
    ('sales', 'Sales',
     'Their own customers and what these buy.', array[
      'catalog.read', 'customers.read@own', 'customers.write@own', 'inventory.read',
      'invoicing.read@own', 'orders.cancel@own', 'orders.read@own', 'orders.write@own',
      'payments.read@own', 'sales.read@own', 'sales.write@own', 'shipping.read@own']),
    ('sales_manager', 'Sales manager',
     'The customers of their teams and of everybody below them.', array[
      'catalog.read', 'customers.read@subtree', 'customers.write@subtree', 'inventory.read',
      'invoicing.read@subtree', 'orders.cancel@subtree', 'orders.read@subtree',
      'orders.write@subtree', 'payments.read@subtree', 'sales.read@subtree',
      'sales.write@subtree', 'shipping.read@subtree']),
    ('marketing', 'Marketing',
     'Who buys what, and what was sent to them.', array[
      'catalog.read', 'customers.read', 'notifications.read', 'orders.read']),
    ('finance', 'Finance',
     'Invoices, payments and refunds.', array[
      'catalog.read', 'customers.read', 'invoicing.*', 'orders.read', 'payments.*']),
    ('support', 'Support',
     'Complaints, and all that helps to answer them.', array[
      'catalog.read', 'customers.read', 'delivery.read', 'inventory.read', 'invoicing.read',
      'notifications.read', 'notifications.send', 'orders.read', 'payments.read',
      'shipping.read', 'support.*']),
    ('analyst', 'Analyst',
     'Everything there is to be counted, nothing to be changed.', array[
      'catalog.read', 'customers.read', 'delivery.read', 'inventory.read', 'invoicing.read',
      'notifications.read', 'orders.read', 'payments.read', 'shipping.read', 'support.read']),
    ('read_only', 'Read only',
     'Looks at everything but people and messages.', array[
      'catalog.read', 'customers.read', 'delivery.read', 'inventory.read', 'invoicing.read',
      'orders.read', 'payments.read', 'shipping.read'])
) as made (key, name, description, grants)
    on conflict (org_id, key) do update
   set name = excluded.name, description = excluded.description, grants = excluded.grants,
       is_ready_made = true, version = identity.role.version + 1;
