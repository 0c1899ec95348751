-- The one thing that other services' statements may ask of a customer: whose they are. Row-level
-- security is the asker's.
create view kernel.customer_owner with (security_invoker = true) as
    select org_id, id, owner_id, team_id, territory_id from customers.customer;
grant select on kernel.customer_owner to tandem_app;
