-- A message that is in hand while its recipient is erased is emptied as soon as it is settled.
alter table notifications.message add column is_to_erase boolean not null default false;
create index message_to_erase on notifications.message (org_id) where is_to_erase;
