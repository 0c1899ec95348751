-- The one thing that other services' statements may ask of an opportunity: whose it is. Row-level
-- security is the asker's.
create view kernel.opportunity_owner with (security_invoker = true) as
    select org_id, id, owner_id, team_id, territory_id from sales.opportunity;
grant select on kernel.opportunity_owner to tandem_app;
