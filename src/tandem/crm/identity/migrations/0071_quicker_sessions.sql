-- Looking up a session in one function with kept plans. Most people have whatever they may for
-- everybody's records; then teams, territories and shares decide nothing and are not looked for.
-- For the others what `access_of` answers is found step by step: who is in no team has no peers.
create function identity.access_needed(p_org_id uuid, p_user_id uuid, p_now timestamptz)
returns jsonb language plpgsql stable security definer set search_path = '' as $$
declare
    held jsonb;
    is_narrow boolean;
    teams uuid[];
    teams_below uuid[] := '{}';
    peers uuid[] := '{}';
    people_below uuid[] := '{}';
    lands uuid[] := '{}';
    to_read uuid[];
    to_write uuid[];
begin
    select jsonb_agg(to_jsonb(r) - 'is_narrow' order by r.key), bool_or(r.is_narrow)
      into held, is_narrow
      from (select o.key, o.grants, o.hidden, o.read_only,
                   array_to_string(o.grants, ' ') like '%@%' as is_narrow
              from identity.user_account u
              join identity.role o
                on o.org_id = p_org_id
               and o.key in (select u.role_key
                              union all
                             select m.role_key from identity.user_role m
                              where m.org_id = p_org_id and m.user_id = p_user_id)
             where u.org_id = p_org_id and u.id = p_user_id and u.is_active) r;
    if is_narrow is not true then
        return jsonb_build_object('roles', coalesce(held, '[]'));
    end if;
    teams := array(select m.team_id from identity.team_member m
                    where m.org_id = p_org_id and m.user_id = p_user_id);
    if cardinality(teams) > 0 then
        teams_below := array(
            with recursive below (id) as (
                select unnest(teams)
                union
                select t.id from identity.team t join below above on t.parent_id = above.id
                 where t.org_id = p_org_id)
            select id from below);
        peers := array(select distinct m.user_id from identity.team_member m
                        where m.org_id = p_org_id and m.team_id = any (teams));
        people_below := array(select distinct m.user_id from identity.team_member m
                               where m.org_id = p_org_id and m.team_id = any (teams_below));
    end if;
    if exists (select from identity.user_account u
                where u.org_id = p_org_id and u.manager_id = p_user_id) then
        people_below := array(
            with recursive reports (id) as (
                select u.id from identity.user_account u
                 where u.org_id = p_org_id and u.manager_id = p_user_id
                union
                select u.id from identity.user_account u
                  join reports above on u.manager_id = above.id
                 where u.org_id = p_org_id)
            select id from reports union select unnest(people_below));
    end if;
    if exists (select from identity.territory_member m
                where m.org_id = p_org_id and m.user_id = p_user_id) then
        lands := array(
            with recursive below (id) as (
                select m.territory_id from identity.territory_member m
                 where m.org_id = p_org_id and m.user_id = p_user_id
                union
                select t.id from identity.territory t join below above on t.parent_id = above.id
                 where t.org_id = p_org_id)
            select id from below);
    end if;
    select coalesce(array_agg(s.object_id), '{}'),
           coalesce(array_agg(s.object_id) filter (where s.level = 'write'), '{}')
      into to_read, to_write
      from (select h.object_id, h.level from identity.record_share h
             where h.org_id = p_org_id and (h.shared_until is null or h.shared_until > p_now)
               and (h.user_id = p_user_id or h.team_id = any (teams))
             order by h.created_at desc
             limit 1000) s;
    return jsonb_build_object(
        'roles', held, 'teams', teams, 'peers', peers, 'teams_below', teams_below,
        'people_below', people_below, 'territories', lands,
        'shared_to_read', to_read, 'shared_to_write', to_write);
end
$$;

create function identity.open_session(p_token_hash bytea, p_now timestamptz)
returns table (org_id uuid, user_id uuid, session_id uuid, person_id uuid, name text,
               last_seen_at timestamptz, proved_at timestamptz, has_two_factors boolean,
               access jsonb, seen jsonb, lacks_factor boolean)
language plpgsql stable security definer set search_path = '' as $$
#variable_conflict use_column
begin
    select s.company_id, s.user_id, s.id, s.person_id, u.name, s.last_seen_at, s.proved_at,
           s.has_two_factors,
           not s.has_two_factors and coalesce(
               (select p.requires_second_factor from identity.sign_in_policy p
                 where p.org_id = s.company_id), false),
           case when exists (
                    select from identity.impersonation i
                     where i.org_id = s.company_id and i.session_id = s.id
                       and i.ended_at is null)
                then identity.find_impersonation(s.company_id, s.id, s.user_id, p_now) end
      into org_id, user_id, session_id, person_id, name, last_seen_at, proved_at,
           has_two_factors, lacks_factor, seen
      from identity.session s
      join identity.user_account u
        on u.org_id = s.company_id and u.id = s.user_id and u.person_id = s.person_id
       and u.is_active
     where s.token_hash = p_token_hash and s.revoked_at is null and s.expires_at > p_now;
    if found then
        access := identity.access_needed(org_id, user_id, p_now);
        return next;
    end if;
end
$$;

revoke execute on function identity.access_needed, identity.open_session from public;
grant execute on function identity.access_needed, identity.open_session to tandem_app;

-- What a passkey is never changes; only how often it was used and what it is called.
revoke update on identity.passkey from tandem_app;
grant update (name, sign_count, is_backed_up, last_used_at) on identity.passkey to tandem_app;
