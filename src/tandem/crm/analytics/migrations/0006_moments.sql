-- What happened to somebody, one row for each happening, for funnels and cohorts. The person is
-- `customer_id`, or the lead while nobody knows whose it is. `record_id` is the order, lead, deal,
-- message, complaint or customer that it happened with. What was taken back `holds` no longer.
create table analytics.fact_moment (
    org_id         uuid        not null,
    id             uuid        not null,
    key            text        not null,
    recorded_at    timestamptz not null,
    superseded_at  timestamptz not null default 'infinity',
    at             timestamptz not null,
    on_day         date        not null,
    kind           text        not null,
    holds          boolean     not null,
    customer_id    uuid,
    lead_id        uuid,
    record_id      uuid        not null,
    channel        text        not null,
    source         text        not null,
    campaign       text        not null,
    state_code     text        not null,
    stage          text        not null,
    status         text        not null,
    primary key (org_id, id, recorded_at),
    check (customer_id is not null or lead_id is not null)
);
create index fact_moment_of_kind on analytics.fact_moment (org_id, kind, on_day);
select kernel.tenant_table('analytics.fact_moment');
