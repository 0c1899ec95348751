-- Whose an order is: the person who placed it for a buyer of theirs, else whoever has the customer.
alter table orders.order
    add column owner_id     uuid,
    add column team_id      uuid,
    add column territory_id uuid;
create index order_by_owner on orders.order (org_id, owner_id, placed_at, id)
    where owner_id is not null;
create index order_by_team on orders.order (org_id, team_id, placed_at, id)
    where team_id is not null;
create index order_by_territory on orders.order (org_id, territory_id, placed_at, id)
    where territory_id is not null;

alter type orders.new_order add attribute owner_id uuid;
alter type orders.new_order add attribute team_id uuid;
alter type orders.new_order add attribute territory_id uuid;

-- The one thing that other services' statements may ask of an order: whose it is. What hangs below
-- an order (shipment, invoice, payment) is reached with it. Row-level security is the asker's.
create view kernel.order_owner with (security_invoker = true) as
    select org_id, id, owner_id, team_id, territory_id from orders.order;
grant select on kernel.order_owner to tandem_app;
