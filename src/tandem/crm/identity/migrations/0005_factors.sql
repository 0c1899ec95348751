-- What people sign in with beside a password. Of the installation, none of a company.

create table identity.time_code (
    org_id       uuid          not null default identity.installation()
        check (org_id = '00000000-0000-0000-0000-000000000000'),
    id           uuid          not null,
    person_id    uuid          not null references identity.person (id),
    secret       kernel.sealed not null,
    last_step    bigint        not null default 0,
    confirmed_at timestamptz,
    created_at   timestamptz   not null,
    primary key (org_id, id)
);
-- One that works, and one being set up beside it.
create unique index time_code_confirmed on identity.time_code (org_id, person_id)
    where confirmed_at is not null;
create unique index time_code_unconfirmed on identity.time_code (org_id, person_id)
    where confirmed_at is null;
select kernel.tenant_table('identity.time_code');

create table identity.recovery_code (
    org_id     uuid        not null default identity.installation()
        check (org_id = '00000000-0000-0000-0000-000000000000'),
    person_id  uuid        not null references identity.person (id),
    code_hash  bytea       not null,
    used_at    timestamptz,
    created_at timestamptz not null,
    primary key (org_id, person_id, code_hash)
);
select kernel.tenant_table('identity.recovery_code');

create table identity.passkey (
    org_id             uuid        not null default identity.installation()
        check (org_id = '00000000-0000-0000-0000-000000000000'),
    id                 uuid        not null,
    person_id          uuid        not null references identity.person (id),
    credential_id      bytea       not null unique check (length(credential_id) <= 1023),
    public_key         bytea       not null,
    sign_count         bigint      not null,
    name               text        not null check (length(name) between 1 and 60),
    transports         text[]      not null,
    is_backup_eligible boolean     not null,
    is_backed_up       boolean     not null,
    created_at         timestamptz not null,
    last_used_at       timestamptz,
    primary key (org_id, id)
);
create index passkey_by_person on identity.passkey (org_id, person_id, id);
select kernel.tenant_table('identity.passkey');

-- What a company asks of those who sign in to it.
create table identity.sign_in_policy (
    org_id                 uuid        not null primary key,
    requires_second_factor boolean     not null default false,
    version                int         not null default 1,
    changed_at             timestamptz not null
);
select kernel.tenant_table('identity.sign_in_policy');
