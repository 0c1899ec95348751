-- A transaction's rows are chained together by the first of them that commits: a batch of orders
-- takes the head once, not once for each.
create or replace function kernel.chain_audit() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    head   kernel.audit_head;
    link   kernel.audit;
    ids    uuid[]   := '{}';
    seqs   bigint[] := '{}';
    prevs  bytea[]  := '{}';
    hashes bytea[]  := '{}';
begin
    if exists (select from kernel.audit a
                where a.org_id = new.org_id and a.id = new.id and a.seq is not null) then
        return null;
    end if;
    insert into kernel.audit_head (org_id, count, hash)
    values (new.org_id, 0, decode(repeat('00', 32), 'hex')) on conflict do nothing;
    select * into head from kernel.audit_head h where h.org_id = new.org_id for update;
    -- What others have written is either chained already or not to be seen yet.
    for link in select * from kernel.audit a
                 where a.org_id = new.org_id and a.seq is null order by a.id loop
        head.count := head.count + 1;
        link.seq := head.count;
        ids := ids || link.id;
        seqs := seqs || link.seq;
        prevs := prevs || head.hash;
        head.hash := kernel.audit_hash(head.hash, link);
        hashes := hashes || head.hash;
    end loop;
    update kernel.audit a set seq = given.seq, prev_hash = given.prev, hash = given.hash
      from unnest(ids, seqs, prevs, hashes) as given (id, seq, prev, hash)
     where a.org_id = new.org_id and a.id = given.id;
    update kernel.audit_head h set count = head.count, hash = head.hash
     where h.org_id = new.org_id;
    return null;
end
$$;
