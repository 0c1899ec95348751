-- A request may be raised for its customer; what came of that is told in the log.
alter table support.jira_outbox drop constraint jira_outbox_op_check;
alter table support.jira_outbox add constraint jira_outbox_op_check
    check (op in ('fields', 'status', 'comment', 'edit', 'file', 'erase', 'customer'));
