-- When a company takes authorised money. Without a row: at once, if the installation does so.

create table payments.settings (
    org_id     uuid not null primary key,
    capture_at text not null check (capture_at in ('payment', 'dispatch', 'request')),
    version    int  not null default 1
);
select kernel.tenant_table('payments.settings');
