-- A company's own words. A key with a channel is a template; its versions are its words in one
-- language each. Without a published version the suite's own files speak.
create table notifications.template (
    org_id     uuid        not null,
    id         uuid        not null,
    key        text        not null check (key ~ '^[a-z][a-z0-9_]{0,59}$'),
    channel    text        not null check (channel in ('email', 'sms', 'whatsapp', 'inapp')),
    name       text        not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (org_id, id),
    unique (org_id, key, channel)
);
select kernel.tenant_table('notifications.template');

create table notifications.template_version (
    org_id       uuid        not null,
    id           uuid        not null,
    template_id  uuid        not null,
    locale       text        not null check (locale ~ '^[a-z]{2,3}(-[A-Z]{2})?$'),
    number       int         not null check (number > 0),
    state        text        not null check (state in ('draft', 'published', 'archived')),
    format       text        not null check (format in ('mjml', 'html', 'text')),
    subject      text        not null,
    preheader    text        not null,
    source       text        not null check (length(source) <= 200000),
    html         text        not null,
    text         text        not null,
    variables    jsonb       not null,
    dlt_template_id text     not null default '',
    note         text        not null default '',
    sha256       text        not null,
    version      int         not null default 1,
    created_by   text        not null,
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    published_at timestamptz,
    archived_at  timestamptz,
    primary key (org_id, id),
    unique (org_id, template_id, number),
    foreign key (org_id, template_id) references notifications.template (org_id, id),
    constraint what_was_published_says_when
        check (state = 'draft' or published_at is not null or archived_at is not null),
    constraint only_what_is_archived_says_when check ((state = 'archived') = (archived_at is not null))
);
create unique index template_version_speaking
    on notifications.template_version (org_id, template_id, locale) where state = 'published';
select kernel.tenant_table('notifications.template_version');

-- Messages name the version they were made from, so what it said must stay what it said.
create function notifications.keep_published_words() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if old.published_at is not null
       and (new.format, new.subject, new.preheader, new.source, new.html, new.text, new.variables,
            new.dlt_template_id, new.sha256, new.locale, new.template_id, new.number)
           is distinct from
           (old.format, old.subject, old.preheader, old.source, old.html, old.text, old.variables,
            old.dlt_template_id, old.sha256, old.locale, old.template_id, old.number) then
        raise exception 'a published template version does not change';
    end if;
    return new;
end
$$;
create trigger published_words_stay before update on notifications.template_version
    for each row execute function notifications.keep_published_words();
