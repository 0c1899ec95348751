-- What had come to an end when somebody let a stopped campaign go on: limits count from there.
alter table marketing.campaign add column stop_base jsonb not null default '{}';

-- An address a message leads to, once per stream. A link that is hidden is only found by machines;
-- one without an address is the picture that tells of an opening.
create table marketing.link (
    org_id     uuid        not null,
    id         uuid        not null,
    feed       text        not null check (length(feed) between 1 and 120),
    kind       text        not null check (kind in ('link', 'hidden', 'pixel')),
    url        text        not null check (length(url) <= 4000),
    created_at timestamptz not null,
    primary key (org_id, id)
);
create unique index link_by_url on marketing.link (org_id, feed, kind, md5(url));
select kernel.tenant_table('marketing.link');

-- A message of a campaign or a journey as it left: who clicks later, and how many links there were.
create table marketing.departure (
    org_id      uuid        not null,
    message_id  uuid        not null,
    feed        text        not null,
    customer_id uuid,
    channel     text        not null,
    links       int         not null,
    left_at     timestamptz not null,
    primary key (org_id, message_id)
);
create index departure_of_customer on marketing.departure (org_id, customer_id, left_at);
select kernel.tenant_table('marketing.departure');

-- What somebody, or something, did with a message. The verdict may change with what follows;
-- `told` is the one that others heard.
create table marketing.engagement (
    org_id            uuid        not null,
    id                uuid        not null,
    feed              text        not null,
    message_id        uuid,
    customer_id       uuid,
    variant_id        uuid,
    channel           text        not null,
    type              text        not null check (type in ('open', 'click', 'unsubscribe')),
    link_id           uuid,
    url               text        not null default '',
    at                timestamptz not null,
    method            text        not null default 'GET',
    user_agent        text        not null default '' check (length(user_agent) <= 300),
    network           text        not null default '',
    verdict           text        not null check (verdict in ('human', 'bot')),
    reason            text        not null,
    told              text        check (told in ('human', 'bot')),
    is_by_hand        boolean     not null default false,
    provider_event    text,
    primary key (org_id, id)
);
create index engagement_of_message on marketing.engagement (org_id, message_id, at)
    where message_id is not null;
create index engagement_of_feed on marketing.engagement (org_id, feed, type, verdict);
create index engagement_untold on marketing.engagement (org_id, at) where told is null;
create index engagement_of_customer on marketing.engagement (org_id, customer_id, at)
    where customer_id is not null;
create unique index engagement_once on marketing.engagement (org_id, provider_event)
    where provider_event is not null;
select kernel.tenant_table('marketing.engagement');
