-- People and groups as a company's own directory sends them (SCIM 2.0). What it says beyond our own
-- columns is kept as it came, so that it reads back what it wrote.
create table identity.scim_user (
    org_id     uuid        not null,
    user_id    uuid        not null,
    resource   jsonb       not null,
    updated_at timestamptz not null,
    primary key (org_id, user_id),
    foreign key (org_id, user_id) references identity.user_account (org_id, id)
);
create unique index scim_user_by_name
    on identity.scim_user (org_id, lower(resource ->> 'userName'));
select kernel.tenant_table('identity.scim_user');

create table identity.scim_group (
    org_id       uuid        not null,
    id           uuid        not null,
    display_name text        not null check (length(display_name) between 1 and 200),
    external_id  text,
    role_key     text,
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    primary key (org_id, id),
    foreign key (org_id, role_key) references identity.role (org_id, key)
);
select kernel.tenant_table('identity.scim_group');

create table identity.scim_group_member (
    org_id   uuid not null,
    group_id uuid not null,
    user_id  uuid not null,
    primary key (org_id, group_id, user_id),
    foreign key (org_id, group_id) references identity.scim_group (org_id, id) on delete cascade,
    foreign key (org_id, user_id) references identity.user_account (org_id, id)
);
create index scim_group_member_by_user on identity.scim_group_member (org_id, user_id);
select kernel.tenant_table('identity.scim_group_member');

create table identity.scim_settings (
    org_id                 uuid    not null,
    default_role_key       text    not null,
    allows_administrators  boolean not null default false,
    primary key (org_id),
    foreign key (org_id, default_role_key) references identity.role (org_id, key)
);
select kernel.tenant_table('identity.scim_settings');
