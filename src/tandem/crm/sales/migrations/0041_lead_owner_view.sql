-- The one thing that other services' statements may ask of a lead: whose it is. Row-level security is
-- the asker's.
create view kernel.lead_owner with (security_invoker = true) as
    select org_id, id, owner_id, team_id, territory_id from sales.lead;
grant select on kernel.lead_owner to tandem_app;
