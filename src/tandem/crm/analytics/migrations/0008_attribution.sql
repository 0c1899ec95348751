-- What somebody did before they bought. `person_id` is a customer or a lead; `is_counted` is false
-- for what a machine did.
create table analytics.fact_touch (
    org_id         uuid        not null,
    id             uuid        not null,
    key            text        not null,
    recorded_at    timestamptz not null,
    superseded_at  timestamptz not null default 'infinity',
    at             timestamptz not null,
    on_day         date        not null,
    person_id      uuid        not null,
    kind           text        not null,
    is_counted     boolean     not null,
    channel        text        not null,
    source         text        not null,
    medium         text        not null,
    utm_campaign   text        not null,
    campaign_id    uuid,
    journey_id     uuid,
    primary key (org_id, id, recorded_at)
);
create index fact_touch_of_person on analytics.fact_touch (org_id, person_id)
 where superseded_at = 'infinity';
select kernel.tenant_table('analytics.fact_touch');

-- Who is whom: a lead a customer, a lead or a customer another one. Off where that was undone.
create table analytics.fact_alias (
    org_id         uuid        not null,
    id             uuid        not null,
    key            text        not null,
    recorded_at    timestamptz not null,
    superseded_at  timestamptz not null default 'infinity',
    at             timestamptz not null,
    on_day         date        not null,
    from_id        uuid        not null,
    to_id          uuid        not null,
    is_on          boolean     not null,
    primary key (org_id, id, recorded_at)
);
create index fact_alias_from on analytics.fact_alias (org_id, from_id)
 where superseded_at = 'infinity';
create index fact_alias_to on analytics.fact_alias (org_id, to_id)
 where superseded_at = 'infinity';
select kernel.tenant_table('analytics.fact_alias');

-- By how much the stated cost of a campaign grew or fell, each time that it was stated.
create table analytics.fact_spend (
    org_id         uuid        not null,
    id             uuid        not null,
    key            text        not null,
    recorded_at    timestamptz not null,
    superseded_at  timestamptz not null default 'infinity',
    at             timestamptz not null,
    on_day         date        not null,
    campaign_id    uuid        not null,
    name           text        not null,
    channel        text        not null,
    source         text        not null,
    medium         text        not null,
    utm_campaign   text        not null,
    currency       text        not null,
    spend_base     bigint,
    primary key (org_id, id, recorded_at)
);
create index fact_spend_of_day on analytics.fact_spend (org_id, on_day);
select kernel.tenant_table('analytics.fact_spend');

-- Every movement of money, lead and won deal shared out over the touches before it: a row for each
-- touch that gets something, and one for nobody (`touch_id` null) where a window has no touch.
-- `credits` (minor units) and `shares` (millionths) have a place for each model and window; over the
-- rows of a movement each place comes to `whole_base` and to the conversions exactly.
create table analytics.fact_credit (
    org_id         uuid        not null,
    id             uuid        not null,
    key            text        not null,
    recorded_at    timestamptz not null,
    superseded_at  timestamptz not null default 'infinity',
    at             timestamptz not null,
    on_day         date        not null,
    kind           text        not null,
    record_id      uuid        not null,
    movement_id    uuid        not null,
    number         text        not null,
    touch_id       uuid,
    touched_at     timestamptz,
    touch          text        not null,
    channel        text        not null,
    source         text        not null,
    medium         text        not null,
    utm_campaign   text        not null,
    campaign_id    uuid,
    journey_id     uuid,
    whole_base     bigint,
    credits        bigint[],
    shares         bigint[]    not null,
    primary key (org_id, id, recorded_at)
);
create index fact_credit_of_day on analytics.fact_credit (org_id, kind, on_day);
create index fact_credit_of_record on analytics.fact_credit (org_id, record_id)
 where superseded_at = 'infinity';
select kernel.tenant_table('analytics.fact_credit');

-- Whose money, leads and deals are to be shared out anew is found by these.
create index fact_payment_of_order on analytics.fact_payment (org_id, order_id)
 where superseded_at = 'infinity';
create index fact_order_of_customer on analytics.fact_order (org_id, customer_id, at)
 where superseded_at = 'infinity';
create index fact_opportunity_of_customer on analytics.fact_opportunity (org_id, customer_id)
 where superseded_at = 'infinity';
