-- India's DLT registration (TRAI TCCCPR 2018): the company's entity id, its headers, and whether a
-- text to +91 leaves without a registered template.
create table notifications.dlt_registration (
    org_id      uuid        not null primary key,
    entity_id   text        not null check (entity_id ~ '^[0-9]{19}$'),
    headers     jsonb       not null,
    is_enforced boolean     not null,
    version     int         not null default 1,
    updated_at  timestamptz not null
);
select kernel.tenant_table('notifications.dlt_registration');

-- Texts as they were registered: with DLT (`{#var#}` stands for a variable) or approved by WhatsApp
-- (`{{1}}`). `template_id` is the registry's name for it, `name` the carrier's.
create table notifications.registered_text (
    org_id      uuid        not null,
    id          uuid        not null,
    registry    text        not null check (registry in ('dlt', 'whatsapp')),
    template_id text        not null check (length(template_id) between 1 and 512),
    name        text        not null check (length(name) <= 512),
    language    text        not null,
    header      text        not null,
    category    text        not null check (category in ('transactional', 'service_implicit',
                                'service_explicit', 'promotional', 'utility', 'marketing',
                                'authentication')),
    body        text        not null check (length(body) between 1 and 2000),
    is_active   boolean     not null default true,
    version     int         not null default 1,
    created_at  timestamptz not null,
    updated_at  timestamptz not null,
    primary key (org_id, id),
    unique (org_id, registry, template_id, language)
);
select kernel.tenant_table('notifications.registered_text');
