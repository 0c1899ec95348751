-- What messages say belongs to marketing and operations, in companies founded before one could say it.
update identity.role
   set grants = (select array_agg(distinct one order by one)
                   from unnest(grants || array['notifications.templates']) as one),
       version = version + 1
 where key in ('marketing', 'operations') and is_ready_made;
