-- The words of a message are kept for as long as the company says; that it was sent stays.
alter table notifications.message add column words_forgotten_at timestamptz;
create index message_with_words on notifications.message (org_id, created_at)
    where words_forgotten_at is null;
