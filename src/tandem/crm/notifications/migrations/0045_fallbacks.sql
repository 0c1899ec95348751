-- A message that leaves only while none of its occasion has arrived by another channel.
create table notifications.fallback (
    org_id     uuid        not null,
    message_id uuid        not null,
    primary key (org_id, message_id),
    foreign key (org_id, message_id) references notifications.message (org_id, id) on delete cascade
);
select kernel.tenant_table('notifications.fallback');
