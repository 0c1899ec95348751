-- Links short enough for a text message: a code stands for what an e-mail's token carries in itself.
create table marketing.short_link (
    org_id     uuid        not null,
    code       text        not null check (code ~ '^[0-9A-Za-z]{8,12}$'),
    link_id    uuid        not null,
    message_id uuid,
    made_at    timestamptz not null,
    primary key (org_id, code),
    unique (code),
    unique nulls not distinct (org_id, link_id, message_id),
    foreign key (org_id, link_id) references marketing.link (org_id, id) on delete cascade
);
select kernel.tenant_table('marketing.short_link');

-- Whose code is this? Nothing else is told before the organisation is known.
create function marketing.find_short_link(p_code text)
returns table (org_id uuid, link_id uuid, message_id uuid)
language sql stable security definer set search_path = '' as $$
    select s.org_id, s.link_id, s.message_id from marketing.short_link s where s.code = p_code
$$;
revoke execute on function marketing.find_short_link from public;
grant execute on function marketing.find_short_link to tandem_app;
