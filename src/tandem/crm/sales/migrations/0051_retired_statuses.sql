-- A status that goes hands its leads to another one of its kind, and stays known for what was said
-- of it before: a conversion that is undone finds where to go back to.
alter table sales.lead_status
    add column retired_at   timestamptz,
    add column successor_id uuid,
    add constraint lead_status_successor foreign key (org_id, successor_id)
        references sales.lead_status (org_id, id),
    add constraint lead_status_gone check ((retired_at is null) = (successor_id is null));
drop index sales.lead_status_name;
create unique index lead_status_name on sales.lead_status (org_id, lower(name))
    where retired_at is null;
drop index sales.lead_status_converted;
create unique index lead_status_converted on sales.lead_status (org_id)
    where kind = 'converted' and retired_at is null;
