-- What keeps guessing out and the owner in: tries as token buckets, browsers that were here before,
-- and what was mailed once to prove an address. All of the installation, none of a company.

create table identity.bucket (
    org_id  uuid             not null default identity.installation()
        check (org_id = '00000000-0000-0000-0000-000000000000'),
    kind    text             not null,
    subject bytea            not null,
    level   double precision not null,
    at      timestamptz      not null,
    primary key (org_id, kind, subject)
);
create index bucket_by_age on identity.bucket (org_id, at);
select kernel.tenant_table('identity.bucket');

create table identity.known_browser (
    org_id       uuid        not null default identity.installation()
        check (org_id = '00000000-0000-0000-0000-000000000000'),
    token_hash   bytea       not null,
    person_id    uuid        not null references identity.person (id),
    last_used_at timestamptz not null,
    primary key (org_id, token_hash, person_id)
);
create index known_browser_by_person on identity.known_browser (org_id, person_id);
select kernel.tenant_table('identity.known_browser');

-- One way through one door, once: a mailed link or code, a half-done sign-in, a passkey's challenge.
-- `browser_hash` ties it to the browser that asked; a row without a secret can never be answered.
create table identity.proof (
    org_id       uuid        not null default identity.installation()
        check (org_id = '00000000-0000-0000-0000-000000000000'),
    id           uuid        not null,
    purpose      text        not null,
    person_id    uuid        references identity.person (id),
    browser_hash bytea,
    secret_hash  bytea,
    data         jsonb       not null default '{}',
    tries        int         not null default 0,
    tries_max    int         not null,
    created_at   timestamptz not null,
    expires_at   timestamptz not null,
    used_at      timestamptz,
    primary key (org_id, id)
);
create unique index proof_by_browser on identity.proof (org_id, purpose, browser_hash)
    where browser_hash is not null;
create unique index proof_by_secret on identity.proof (org_id, purpose, secret_hash)
    where browser_hash is null and secret_hash is not null;
create index proof_by_person on identity.proof (org_id, person_id, purpose);
create index proof_by_age on identity.proof (org_id, expires_at);
select kernel.tenant_table('identity.proof');
