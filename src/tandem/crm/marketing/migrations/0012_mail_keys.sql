-- Keys that sign mail from a company's own domains (DKIM). A key signs once its record is seen, and
-- the one before it of the same algorithm then rests: its private half is forgotten, its record is
-- wanted until the last letters signed with it have been read.
alter table marketing.sending_domain
    add column keys_made int not null default 0;

create table marketing.mail_key (
    org_id      uuid        not null,
    id          uuid        not null,
    domain_id   uuid        not null,
    selector    text        not null check (selector ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    algorithm   text        not null check (algorithm in ('rsa', 'ed25519')),
    public_key  text        not null check (length(public_key) between 40 and 1000),
    private_key kernel.sealed,
    state       text        not null check (state in ('waiting', 'signing', 'resting')),
    created_at  timestamptz not null,
    proven_at   timestamptz,
    rested_at   timestamptz,
    primary key (org_id, id),
    unique (org_id, domain_id, selector),
    foreign key (org_id, domain_id) references marketing.sending_domain (org_id, id) on delete cascade,
    constraint what_rests_signs_no_more check ((state = 'resting') = (private_key is null))
);
create unique index mail_key_signing on marketing.mail_key (org_id, domain_id, algorithm)
    where state = 'signing';
select kernel.tenant_table('marketing.mail_key');
