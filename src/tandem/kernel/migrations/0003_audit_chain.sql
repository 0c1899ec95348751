-- The audit as a chain per company: each row carries the hash of the one before it, so that a row
-- changed or taken out shows, and the head's count shows when the last ones are gone.
alter table kernel.audit
    add column seq               bigint,
    add column prev_hash         bytea,
    add column hash              bytea,
    add column address           text not null default '',
    add column request_id        text not null default '',
    add column on_behalf_of      uuid,
    add column on_behalf_label   text not null default '',
    add column reason            text not null default '';

create unique index audit_by_seq on kernel.audit (org_id, seq desc);
create index audit_by_actor on kernel.audit (org_id, actor_id, seq desc);
create index audit_by_action on kernel.audit (org_id, action, seq desc);

create table kernel.audit_head (
    org_id uuid   not null primary key,
    count  bigint not null,
    hash   bytea  not null
);
select kernel.tenant_table('kernel.audit_head', append_only => true);
revoke insert on kernel.audit_head from tandem_app;

-- Counted and hashed heads, sealed with a key that is not in the database: whoever rewrites the
-- whole chain from here on cannot rewrite these.
create table kernel.audit_seal (
    org_id uuid          not null,
    seq    bigint        not null,
    sealed kernel.sealed not null,
    at     timestamptz   not null,
    primary key (org_id, seq)
);
select kernel.tenant_table('kernel.audit_seal', append_only => true);

-- A JSON array as text: no two different rows read alike.
create function kernel.audit_line(row_ kernel.audit) returns bytea
language sql immutable set search_path = '' as $$
    select convert_to(jsonb_build_array(
        row_.org_id, row_.seq, row_.id,
        to_char(row_.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
        row_.actor_kind, row_.actor_id, row_.actor_label, row_.action, row_.subject_kind,
        row_.subject_id, row_.before, row_.after, row_.address, row_.request_id,
        row_.on_behalf_of, row_.on_behalf_label, row_.reason)::text, 'UTF8')
$$;

create function kernel.audit_hash(prev bytea, row_ kernel.audit) returns bytea
language sql immutable set search_path = '' as $$
    select sha256(prev || kernel.audit_line(row_))
$$;

-- At the commit, not at the insert: the head's lock is the transaction's last one and is held while
-- the commit is written, so it can neither wait in a circle nor wait for the business.
create function kernel.chain_audit() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    head kernel.audit_head;
    link kernel.audit;
begin
    insert into kernel.audit_head (org_id, count, hash)
    values (new.org_id, 0, decode(repeat('00', 32), 'hex')) on conflict do nothing;
    select * into head from kernel.audit_head h where h.org_id = new.org_id for update;
    link := new;
    link.seq := head.count + 1;
    head.count := link.seq;
    link.hash := kernel.audit_hash(head.hash, link);
    update kernel.audit a set seq = link.seq, prev_hash = head.hash, hash = link.hash
     where a.org_id = new.org_id and a.id = new.id;
    update kernel.audit_head h set count = head.count, hash = link.hash
     where h.org_id = new.org_id;
    return null;
end
$$;

-- Rows from before there was a chain are chained in the order of their time.
do $$
declare
    old kernel.audit;
    head kernel.audit_head;
    hashed bytea;
begin
    for old in select * from kernel.audit order by org_id, at, id loop
        insert into kernel.audit_head (org_id, count, hash)
        values (old.org_id, 0, decode(repeat('00', 32), 'hex')) on conflict do nothing;
        select * into head from kernel.audit_head h where h.org_id = old.org_id;
        old.seq := head.count + 1;
        hashed := kernel.audit_hash(head.hash, old);
        update kernel.audit a set seq = old.seq, prev_hash = head.hash, hash = hashed
         where a.org_id = old.org_id and a.id = old.id;
        update kernel.audit_head h set count = old.seq, hash = hashed where h.org_id = old.org_id;
    end loop;
end
$$;

create constraint trigger chain after insert on kernel.audit
    deferrable initially deferred for each row execute function kernel.chain_audit();

-- What breaks the chain, each company's first row first: `seq` is the place, `reason` says what.
create function kernel.audit_breaks()
returns table (org_id uuid, seq bigint, id uuid, reason text)
language sql stable set search_path = '' as $$
    with chained as (
        select a.org_id, a.seq, a.id, a.hash, a.prev_hash,
               lag(a.seq, 1, 0::bigint) over inorder as seq_before,
               lag(a.hash, 1, decode(repeat('00', 32), 'hex')) over inorder as hash_before,
               kernel.audit_hash(a.prev_hash, a) as computed
          from kernel.audit a
        window inorder as (partition by a.org_id order by a.seq)
    ), last as (
        select c.org_id, max(c.seq) as seq from chained c group by c.org_id
    )
    select c.org_id, c.seq, c.id,
           case when c.seq is null then 'the row was never chained'
                when c.seq <> c.seq_before + 1
                then format('rows %s to %s are missing', c.seq_before + 1, c.seq - 1)
                when c.hash is distinct from c.computed then 'the row was changed'
                else 'the row before it was replaced' end
      from chained c
     where c.seq is null or c.seq <> c.seq_before + 1
        or c.hash is distinct from c.computed or c.prev_hash is distinct from c.hash_before
    union all
    select coalesce(h.org_id, l.org_id), coalesce(l.seq, 0) + 1, null::uuid,
           case when coalesce(h.count, 0) > coalesce(l.seq, 0)
                then format('rows %s to %s, the last ones, are missing', coalesce(l.seq, 0) + 1, h.count)
                else 'the head does not know the last rows' end
      from kernel.audit_head h full join last l on l.org_id = h.org_id
     where h.count is distinct from l.seq and (h.count is not null or l.seq is not null)
       and not (h.count = 0 and l.seq is null)
    union all
    select h.org_id, h.count, c.id, 'the head names another hash'
      from kernel.audit_head h
      join chained c on c.org_id = h.org_id and c.seq = h.count
     where c.hash is distinct from h.hash
     order by 1, 2
$$;
revoke execute on function
    kernel.chain_audit, kernel.audit_breaks, kernel.audit_line, kernel.audit_hash from public;
