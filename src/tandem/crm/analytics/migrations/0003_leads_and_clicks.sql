create table analytics.fact_lead (
    org_id         uuid        not null,
    id             uuid        not null,
    key            text        not null,
    recorded_at    timestamptz not null,
    superseded_at  timestamptz not null default 'infinity',
    at             timestamptz not null,
    on_day         date        not null,
    number         text        not null,
    customer_id    uuid,
    owner_id       uuid,
    opportunity_id uuid,
    channel        text        not null,
    source         text        not null,
    campaign       text        not null,
    status         text        not null,
    score          bigint      not null,
    converted_at   timestamptz,
    converted_on   date,
    days           numeric,
    primary key (org_id, id, recorded_at)
);
create index fact_lead_of_day on analytics.fact_lead (org_id, on_day);
select kernel.tenant_table('analytics.fact_lead');

-- Opens and clicks with their verdict: a person, or a machine that reads mail for one.
create table analytics.fact_engagement (
    org_id         uuid        not null,
    id             uuid        not null,
    key            text        not null,
    recorded_at    timestamptz not null,
    superseded_at  timestamptz not null default 'infinity',
    at             timestamptz not null,
    on_day         date        not null,
    message_id     uuid,
    customer_id    uuid,
    campaign_id    uuid,
    channel        text        not null,
    kind           text        not null,
    verdict        text        not null,
    primary key (org_id, id, recorded_at)
);
create index fact_engagement_of_day on analytics.fact_engagement (org_id, on_day);
select kernel.tenant_table('analytics.fact_engagement');
