-- Campaigns belong to the ready-made role of marketing, in companies founded before there were any.
update identity.role
   set grants = (select array_agg(distinct one order by one)
                   from unnest(grants || array['marketing.*', 'customers.segment']) as one),
       description = 'Campaigns to whoever agreed to hear from us, and what came of them.',
       version = version + 1
 where key = 'marketing' and is_ready_made;
