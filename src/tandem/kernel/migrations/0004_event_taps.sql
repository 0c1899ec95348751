-- What a company wants forwarded, by topic: only then does an event have one delivery more.
create table kernel.event_tap (
    org_id     uuid not null,
    topic      text not null,
    subscriber text not null,
    primary key (org_id, topic, subscriber)
);
select kernel.tenant_table('kernel.event_tap');
