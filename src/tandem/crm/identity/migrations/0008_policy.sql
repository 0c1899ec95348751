-- Whether a company asks everybody for a second factor; looked up with the session.
create function identity.requires_second_factor(p_company_id uuid)
returns boolean language sql stable security definer set search_path = '' as $$
    select coalesce((select p.requires_second_factor from identity.sign_in_policy p
                      where p.org_id = p_company_id), false)
$$;
revoke execute on function identity.requires_second_factor from public;
grant execute on function identity.requires_second_factor to tandem_app;
