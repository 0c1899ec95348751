-- Who may do what, as data. A grant is a permission and a scope, `orders.read@team`; without a scope
-- it goes for everybody's records. A field rule names `customer.notes`.

create function identity.are_grants(p_grants text[]) returns boolean language sql immutable as $$
    select coalesce(bool_and(
               g ~ '^(\*|[a-z_]+\.(\*|[a-z_]+)(@(own|team|subtree|territory))?)$'), true)
      from unnest(p_grants) as given (g)
$$;

create function identity.are_fields(p_fields text[]) returns boolean language sql immutable as $$
    select coalesce(bool_and(f ~ '^[a-z_]+\.[a-z_]+$'), true) from unnest(p_fields) as given (f)
$$;

alter table identity.role
    add column description   text    not null default '' check (length(description) <= 300),
    add column is_ready_made boolean not null default false,
    add column hidden        text[]  not null default '{}' check (identity.are_fields(hidden)),
    add column read_only     text[]  not null default '{}' check (identity.are_fields(read_only)),
    add column version       int     not null default 1,
    add constraint grants_are_grants check (identity.are_grants(grants)),
    add constraint key_is_a_word check (key ~ '^[a-z][a-z0-9_]{0,62}$'),
    add constraint name_is_short check (length(name) between 1 and 100);

-- `user_account.role_key` is a member's first role, these are the others.
create table identity.user_role (
    org_id   uuid not null,
    user_id  uuid not null,
    role_key text not null,
    primary key (org_id, user_id, role_key),
    foreign key (org_id, user_id) references identity.user_account (org_id, id) on delete cascade,
    foreign key (org_id, role_key) references identity.role (org_id, key)
);
create index user_role_by_role on identity.user_role (org_id, role_key);
select kernel.tenant_table('identity.user_role');

alter table identity.user_account
    add column manager_id uuid check (manager_id <> id),
    add column removed_at timestamptz,
    add constraint removed_is_inactive check (removed_at is null or not is_active),
    add foreign key (org_id, manager_id) references identity.user_account (org_id, id);
create index user_account_by_manager on identity.user_account (org_id, manager_id)
    where manager_id is not null;
create index user_account_by_role on identity.user_account (org_id, role_key);

create table identity.team (
    org_id    uuid not null,
    id        uuid not null,
    name      text not null check (length(name) between 1 and 100),
    parent_id uuid check (parent_id <> id),
    version   int  not null default 1,
    primary key (org_id, id),
    unique (org_id, name),
    foreign key (org_id, parent_id) references identity.team (org_id, id)
);
create index team_by_parent on identity.team (org_id, parent_id) where parent_id is not null;
select kernel.tenant_table('identity.team');

create table identity.team_member (
    org_id  uuid not null,
    team_id uuid not null,
    user_id uuid not null,
    primary key (org_id, team_id, user_id),
    foreign key (org_id, team_id) references identity.team (org_id, id) on delete cascade,
    foreign key (org_id, user_id) references identity.user_account (org_id, id) on delete cascade
);
create index team_member_by_user on identity.team_member (org_id, user_id);
select kernel.tenant_table('identity.team_member');

create table identity.territory (
    org_id    uuid not null,
    id        uuid not null,
    name      text not null check (length(name) between 1 and 100),
    parent_id uuid check (parent_id <> id),
    version   int  not null default 1,
    primary key (org_id, id),
    unique (org_id, name),
    foreign key (org_id, parent_id) references identity.territory (org_id, id)
);
create index territory_by_parent on identity.territory (org_id, parent_id)
    where parent_id is not null;
select kernel.tenant_table('identity.territory');

create table identity.territory_member (
    org_id       uuid not null,
    territory_id uuid not null,
    user_id      uuid not null,
    primary key (org_id, territory_id, user_id),
    foreign key (org_id, territory_id) references identity.territory (org_id, id)
        on delete cascade,
    foreign key (org_id, user_id) references identity.user_account (org_id, id) on delete cascade
);
create index territory_member_by_user on identity.territory_member (org_id, user_id);
select kernel.tenant_table('identity.territory_member');

-- One record opened for one person or one team, which have the permission itself by a role.
create table identity.record_share (
    org_id       uuid        not null,
    id           uuid        not null,
    object_kind  text        not null check (object_kind ~ '^[a-z_]{1,30}$'),
    object_id    uuid        not null,
    user_id      uuid,
    team_id      uuid,
    level        text        not null check (level in ('read', 'write')),
    shared_until timestamptz,
    created_by   uuid,
    created_at   timestamptz not null,
    primary key (org_id, id),
    unique nulls not distinct (org_id, object_id, user_id, team_id),
    constraint one_subject check ((user_id is null) <> (team_id is null)),
    foreign key (org_id, user_id) references identity.user_account (org_id, id) on delete cascade,
    foreign key (org_id, team_id) references identity.team (org_id, id) on delete cascade
);
create index record_share_by_user on identity.record_share (org_id, user_id)
    where user_id is not null;
create index record_share_by_team on identity.record_share (org_id, team_id)
    where team_id is not null;
select kernel.tenant_table('identity.record_share');

-- Bound to an address, good once and for a time. Only the hash of its token is kept.
create table identity.invitation (
    org_id     uuid        not null,
    id         uuid        not null,
    email      text        not null check (email = lower(email) and length(email) <= 254),
    name       text        not null check (length(name) <= 100),
    role_keys  text[]      not null check (cardinality(role_keys) between 1 and 20),
    team_ids   uuid[]      not null default '{}',
    token_hash bytea       not null unique,
    invited_by uuid,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at    timestamptz,
    revoked_at timestamptz,
    primary key (org_id, id)
);
create unique index invitation_open on identity.invitation (org_id, email)
    where used_at is null and revoked_at is null;
select kernel.tenant_table('identity.invitation');

create function identity.find_invitation(p_token_hash bytea)
returns table (org_id uuid, id uuid) language sql stable security definer set search_path = '' as $$
    select i.org_id, i.id from identity.invitation i where i.token_hash = p_token_hash
$$;

-- All that decides what one member may do, in one look: their roles, and where they stand among
-- teams, territories and people. Trees are walked with `union`, so that a ring ends the walk.
create function identity.access_of(p_org_id uuid, p_user_id uuid, p_now timestamptz)
returns jsonb language sql stable security definer set search_path = '' as $$
    with recursive
    held as (
        select r.key, r.grants, r.hidden, r.read_only
          from identity.role r
         where r.org_id = p_org_id
           and r.key in (
               select u.role_key from identity.user_account u
                where u.org_id = p_org_id and u.id = p_user_id and u.is_active
               union
               select m.role_key
                 from identity.user_role m
                 join identity.user_account u on u.org_id = m.org_id and u.id = m.user_id
                where m.org_id = p_org_id and m.user_id = p_user_id and u.is_active)
    ),
    teams (id) as (
        select m.team_id from identity.team_member m
         where m.org_id = p_org_id and m.user_id = p_user_id
    ),
    teams_below (id) as (
        select id from teams
        union
        select t.id from identity.team t join teams_below above on t.parent_id = above.id
         where t.org_id = p_org_id
    ),
    reports (id) as (
        select u.id from identity.user_account u
         where u.org_id = p_org_id and u.manager_id = p_user_id
        union
        select u.id from identity.user_account u join reports above on u.manager_id = above.id
         where u.org_id = p_org_id
    ),
    lands (id) as (
        select m.territory_id from identity.territory_member m
         where m.org_id = p_org_id and m.user_id = p_user_id
        union
        select t.id from identity.territory t join lands above on t.parent_id = above.id
         where t.org_id = p_org_id
    ),
    shares as (
        select s.object_id, s.level from identity.record_share s
         where s.org_id = p_org_id and (s.shared_until is null or s.shared_until > p_now)
           and (s.user_id = p_user_id or s.team_id in (select id from teams))
         order by s.created_at desc
         limit 1000
    )
    select jsonb_build_object(
        'roles', coalesce((select jsonb_agg(to_jsonb(held) order by key) from held), '[]'),
        'teams', coalesce((select jsonb_agg(id) from teams), '[]'),
        'peers', coalesce((select jsonb_agg(distinct m.user_id)
                             from identity.team_member m
                            where m.org_id = p_org_id and m.team_id in (select id from teams)),
                          '[]'),
        'teams_below', coalesce((select jsonb_agg(id) from teams_below), '[]'),
        'people_below', coalesce((select jsonb_agg(id) from (
                            select m.user_id as id from identity.team_member m
                             where m.org_id = p_org_id
                               and m.team_id in (select id from teams_below)
                            union select id from reports) as below), '[]'),
        'territories', coalesce((select jsonb_agg(id) from lands), '[]'),
        'shared_to_read', coalesce((select jsonb_agg(object_id) from shares), '[]'),
        'shared_to_write', coalesce((select jsonb_agg(object_id) from shares
                                      where level = 'write'), '[]'))
$$;

revoke execute on all functions in schema identity from public;
grant execute on function
    identity.are_grants, identity.are_fields, identity.find_invitation, identity.access_of
    to tandem_app;
