-- What a service desk shows of a request beside its issue, as it was last read.
alter table support.jira_link add column request jsonb not null default '{}';

alter table support.jira_outbox drop constraint jira_outbox_op_check;
alter table support.jira_outbox add constraint jira_outbox_op_check
    check (op in ('fields', 'status', 'comment', 'edit', 'file', 'erase', 'customer', 'rating'));
