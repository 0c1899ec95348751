-- A domain that mail of the company may come from, once a record in it shows whose it is.
create table marketing.sending_domain (
    org_id        uuid        not null,
    id            uuid        not null,
    domain        text        not null check (length(domain) between 3 and 190),
    dkim_selector text        not null default '',
    challenge     text        not null,
    verified_at   timestamptz,
    spf           text        not null default 'unknown'
        check (spf in ('unknown', 'missing', 'right', 'weak', 'wrong')),
    dkim          text        not null default 'unknown'
        check (dkim in ('unknown', 'missing', 'right', 'weak', 'wrong')),
    dmarc         text        not null default 'unknown'
        check (dmarc in ('unknown', 'missing', 'right', 'weak', 'wrong')),
    detail        text        not null default '',
    checked_at    timestamptz,
    created_at    timestamptz not null,
    primary key (org_id, id),
    unique (org_id, domain)
);
select kernel.tenant_table('marketing.sending_domain');

create table marketing.from_address (
    org_id     uuid        not null,
    id         uuid        not null,
    domain_id  uuid        not null,
    local_part text        not null check (length(local_part) between 1 and 64),
    name       text        not null check (length(name) between 1 and 70),
    created_at timestamptz not null,
    primary key (org_id, id),
    unique (org_id, domain_id, local_part),
    foreign key (org_id, domain_id) references marketing.sending_domain (org_id, id) on delete cascade
);
select kernel.tenant_table('marketing.from_address');
