-- An address may take no events at all, and only be called by campaigns.
alter table webhooks.endpoint
    drop constraint endpoint_topics_check,
    add constraint endpoint_topics_check check (cardinality(topics) <= 200);
