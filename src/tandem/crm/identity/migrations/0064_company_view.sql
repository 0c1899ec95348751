-- The one thing of a company that every service may ask: whose midnights its days begin at.
-- Row-level security is the asker's.
create view kernel.company with (security_invoker = true) as
    select org_id, time_zone from identity.organisation;
grant select on kernel.company to tandem_app;
