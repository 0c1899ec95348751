-- Leads and accounts can be followed as customers, deals, orders and complaints are. Who stopped
-- following stays on record: being given the thing again, or writing about it, brings nobody back.
alter table notifications.watcher
    drop constraint watcher_subject_kind_check,
    add constraint watcher_subject_kind_check check (
        subject_kind in ('complaint', 'customer', 'account', 'lead', 'deal', 'order')),
    add column left_at timestamptz;
create index watcher_of_subject on notifications.watcher (org_id, subject_id);
