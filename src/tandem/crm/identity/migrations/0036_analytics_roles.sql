-- Numbers about what somebody may see anyway, in companies founded before there were any.
update identity.role
   set grants = (select array_agg(distinct one order by one)
                   from unnest(grants || given.added) as one),
       version = version + 1
  from (values
    ('operations', array['analytics.read', 'analytics.write']),
    ('sales', array['analytics.read']),
    ('sales_manager', array['analytics.read', 'analytics.write']),
    ('marketing', array['analytics.read', 'analytics.write']),
    ('finance', array['analytics.read', 'analytics.write']),
    ('support', array['analytics.read']),
    ('analyst', array['analytics.*'])
  ) as given (key, added)
 where role.key = given.key and role.is_ready_made;
