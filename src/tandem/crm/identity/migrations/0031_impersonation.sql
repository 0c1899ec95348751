-- Who sees the company through another member's eyes, why, and until when. Bound to one session.
create table identity.impersonation (
    org_id      uuid        not null,
    id          uuid        not null,
    session_id  uuid        not null,
    by_user_id  uuid        not null,
    user_id     uuid        not null check (user_id <> by_user_id),
    reason      text        not null check (length(reason) between 10 and 300),
    may_write   boolean     not null,
    started_at  timestamptz not null,
    expires_at  timestamptz not null check (expires_at <= started_at + interval '1 hour'),
    ended_at    timestamptz,
    primary key (org_id, id),
    foreign key (org_id, by_user_id) references identity.user_account (org_id, id),
    foreign key (org_id, user_id) references identity.user_account (org_id, id)
);
create unique index impersonation_of_session on identity.impersonation (org_id, session_id)
    where ended_at is null;
create index impersonation_by_time on identity.impersonation (org_id, started_at desc);
select kernel.tenant_table('identity.impersonation');

create function identity.find_impersonation(
    p_org_id uuid, p_session_id uuid, p_by_user_id uuid, p_now timestamptz)
returns jsonb language sql stable security definer set search_path = '' as $$
    select jsonb_build_object(
               'id', i.id, 'user_id', i.user_id, 'name', u.name, 'reason', i.reason,
               'may_write', i.may_write, 'until', i.expires_at,
               'access', identity.access_of(i.org_id, i.user_id, p_now))
      from identity.impersonation i
      join identity.user_account u on u.org_id = i.org_id and u.id = i.user_id and u.is_active
     where i.org_id = p_org_id and i.session_id = p_session_id and i.by_user_id = p_by_user_id
       and i.ended_at is null and i.expires_at > p_now
$$;
revoke execute on function identity.find_impersonation from public;
grant execute on function identity.find_impersonation to tandem_app;
