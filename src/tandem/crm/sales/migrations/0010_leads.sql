-- Statuses are named freely; what they mean to the suite is their kind.
create table sales.lead_status (
    org_id   uuid not null,
    id       uuid not null,
    name     text not null check (length(name) between 1 and 60),
    kind     text not null check (kind in ('open', 'qualified', 'converted', 'lost')),
    colour   text not null check (colour in
             ('grey', 'blue', 'teal', 'green', 'amber', 'orange', 'red', 'purple')),
    position int  not null,
    version  int  not null default 1,
    primary key (org_id, id)
);
create unique index lead_status_name on sales.lead_status (org_id, lower(name));
create unique index lead_status_converted on sales.lead_status (org_id) where kind = 'converted';
select kernel.tenant_table('sales.lead_status');

-- Numbers may have gaps; a counter row would make all who fill in a form wait in line.
create sequence sales.lead_number start 10001;
grant usage on sequence sales.lead_number to tandem_app;

-- Somebody who may become a customer. first_touch and last_touch are the oldest and the newest row of
-- lead_touch, kept here for lists and rules; score is the sum of the lead's live score events.
create table sales.lead (
    org_id          uuid        not null,
    id              uuid        not null,
    number          text        not null default 'L-' || nextval('sales.lead_number'),
    name            text        not null default '' check (length(name) <= 200),
    company_name    text        not null default '' check (length(company_name) <= 200),
    job_title       text        not null default '' check (length(job_title) <= 120),
    email           text        check (length(email) between 3 and 254),
    phone           text        check (length(phone) between 3 and 20),
    website         text        not null default '' check (length(website) <= 200),
    city            text        not null default '' check (length(city) <= 100),
    country         text        not null default '' check (country ~ '^([A-Z]{2})?$'),
    description     text        not null default '' check (length(description) <= 5000),
    status_id       uuid        not null,
    kind            text        not null check (kind in ('open', 'qualified', 'converted', 'lost')),
    lost_reason     text        not null default '' check (length(lost_reason) <= 200),
    source          text        not null default '' check (length(source) <= 60),
    campaign_id     uuid,
    first_touch     jsonb,
    last_touch      jsonb,
    touch_count     int         not null default 0,
    score           int         not null default 0,
    fit_score       int         not null default 0,
    behaviour_score int         not null default 0,
    score_due_at    timestamptz,
    owner_id        uuid,
    team_id         uuid,
    territory_id    uuid,
    customer_id     uuid,
    account_id      uuid,
    opportunity_id  uuid,
    conversion_id   uuid,
    converted_at    timestamptz,
    tags            text[]      not null default '{}' check (cardinality(tags) <= 50),
    custom          jsonb       not null default '{}' check (jsonb_typeof(custom) = 'object'),
    merged_into_id  uuid,
    erased_at       timestamptz,
    version         int         not null default 1,
    created_at      timestamptz not null,
    updated_at      timestamptz not null,
    primary key (org_id, id),
    unique (org_id, number),
    foreign key (org_id, status_id) references sales.lead_status (org_id, id),
    check (merged_into_id <> id),
    check (score = fit_score + behaviour_score),
    check (erased_at is not null or merged_into_id is not null
           or name <> '' or company_name <> '' or email is not null or phone is not null)
);
create index lead_of_status on sales.lead (org_id, status_id, id);
create index lead_of_owner on sales.lead (org_id, owner_id, id);
create index lead_of_customer on sales.lead (org_id, customer_id) where customer_id is not null;
create index lead_by_score on sales.lead (org_id, score desc, id desc);
create index lead_score_due on sales.lead (org_id, score_due_at) where score_due_at is not null;
select kernel.tenant_table('sales.lead');

-- One person, one lead: the primary key decides between two forms sent at the same moment. The lead
-- is written after its keys, so the reference waits for the commit.
create table sales.lead_key (
    org_id  uuid not null,
    kind    text not null check (kind in ('email', 'phone')),
    value   text not null,
    lead_id uuid not null,
    primary key (org_id, kind, value),
    foreign key (org_id, lead_id) references sales.lead (org_id, id)
        deferrable initially deferred
);
create index lead_key_of on sales.lead_key (org_id, lead_id);
select kernel.tenant_table('sales.lead_key');

-- Every time somebody came: by which channel, with which marks of a campaign, from where.
create table sales.lead_touch (
    org_id       uuid        not null,
    id           uuid        not null,
    lead_id      uuid        not null,
    channel      text        not null
                 check (channel in ('form', 'api', 'import', 'manual', 'campaign', 'other')),
    source       text        not null default '',
    utm_source   text        not null default '',
    utm_medium   text        not null default '',
    utm_campaign text        not null default '',
    utm_term     text        not null default '',
    utm_content  text        not null default '',
    referrer     text        not null default '',
    landing      text        not null default '',
    campaign_id  uuid,
    form_id      uuid,
    dedupe       text        not null,
    at           timestamptz not null,
    primary key (org_id, id),
    unique (org_id, dedupe),
    foreign key (org_id, lead_id) references sales.lead (org_id, id)
);
create index lead_touch_of on sales.lead_touch (org_id, lead_id, at, id);
select kernel.tenant_table('sales.lead_touch');

create table sales.lead_note (
    org_id       uuid        not null,
    id           uuid        not null,
    lead_id      uuid        not null,
    text         text        not null check (length(text) between 1 and 10000),
    author_id    uuid,
    author_label text        not null,
    created_at   timestamptz not null,
    primary key (org_id, id),
    foreign key (org_id, lead_id) references sales.lead (org_id, id)
);
create index lead_note_of on sales.lead_note (org_id, lead_id, id);
select kernel.tenant_table('sales.lead_note');
