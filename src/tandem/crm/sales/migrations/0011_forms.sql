-- Forms that strangers fill in. The slug is the address of the form's page, the same for ever.
create table sales.lead_form (
    org_id             uuid          not null,
    id                 uuid          not null,
    slug               text          not null check (slug ~ '^[a-z0-9][a-z0-9-]{8,79}$'),
    name               text          not null check (length(name) between 1 and 80),
    title              text          not null check (length(title) between 1 and 120),
    intro              text          not null default '' check (length(intro) <= 2000),
    button             text          not null default 'Send' check (length(button) between 1 and 40),
    fields             jsonb         not null check (jsonb_typeof(fields) = 'array'),
    consents           jsonb         not null default '[]' check (jsonb_typeof(consents) = 'array'),
    thanks             text          not null default '' check (length(thanks) <= 500),
    redirect_url       text          not null default '' check (length(redirect_url) <= 500),
    source             text          not null default '' check (length(source) <= 60),
    campaign_id        uuid,
    owner_id           uuid,
    team_id            uuid,
    pipeline_id        uuid,
    allowed_origins    text[]        not null default '{}' check (cardinality(allowed_origins) <= 20),
    needs_confirmation boolean       not null default false,
    effort             text          not null default 'normal' check (effort in ('light', 'normal', 'hard')),
    is_active          boolean       not null default true,
    signing_key        kernel.sealed not null,
    version            int           not null default 1,
    created_at         timestamptz   not null,
    updated_at         timestamptz   not null,
    primary key (org_id, id),
    unique (slug),
    foreign key (org_id, pipeline_id) references sales.pipeline (org_id, id)
);
create index lead_form_by_age on sales.lead_form (org_id, id);
select kernel.tenant_table('sales.lead_form');

-- Whose form is this? The address is public; nothing else is told before the organisation is known.
create function sales.find_form(p_slug text) returns table (org_id uuid, id uuid)
language sql stable security definer set search_path = '' as $$
    select f.org_id, f.id from sales.lead_form f where f.slug = p_slug and f.is_active
$$;
revoke execute on function sales.find_form from public;
grant execute on function sales.find_form to tandem_app;

-- What was sent, as text, with what was thought of it. Becoming a lead is a step of its own, so that
-- the answer to a stranger is the same and as fast whoever they say they are.
create table sales.form_submission (
    org_id       uuid        not null,
    id           uuid        not null,
    form_id      uuid        not null,
    dedupe       text        not null,
    payload      jsonb       not null,
    consents     jsonb       not null default '[]',
    touch        jsonb       not null default '{}',
    verdict      text        not null check (verdict in ('accepted', 'waiting', 'spam')),
    reasons      text[]      not null default '{}',
    network_hash text        not null default '',
    user_agent   text        not null default '' check (length(user_agent) <= 300),
    lead_id      uuid,
    problem      text        not null default '',
    confirmed_at timestamptz,
    consented_at timestamptz,
    received_at  timestamptz not null,
    primary key (org_id, id),
    unique (org_id, form_id, dedupe),
    foreign key (org_id, form_id) references sales.lead_form (org_id, id),
    foreign key (org_id, lead_id) references sales.lead (org_id, id)
);
create index form_submission_of on sales.form_submission (org_id, form_id, verdict, id);
create index form_submission_of_lead on sales.form_submission (org_id, lead_id) where lead_id is not null;
select kernel.tenant_table('sales.form_submission');
