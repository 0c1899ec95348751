-- Tasks beside leads and deals too, with a time, a reminder, and calls and meetings as kinds of their
-- own. What is written in `outcome` is what came of it.
alter table customers.task
    drop constraint task_subject_kind_check,
    add constraint task_subject_kind_check
        check (subject_kind in ('customer', 'account', 'lead', 'opportunity')),
    add column kind        text not null default 'task' check (kind in ('task', 'call', 'meeting')),
    add column due_at      timestamptz,
    add column remind_at   timestamptz,
    add column reminded_at timestamptz,
    add column outcome     text not null default '' check (length(outcome) <= 2000),
    add column done_label  text not null default '',
    add column version     int  not null default 1;
create index task_reminders on customers.task (org_id, remind_at)
    where remind_at is not null and reminded_at is null and done_at is null;
create index task_done on customers.task (org_id, assignee_id, done_at desc)
    where done_at is not null;
