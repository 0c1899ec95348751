-- Rules ask who complained, paid or got a parcel at all or lately: of everybody's lines, those of one
-- kind. Without the table where the kind and the time say everything.
create index activity_by_kind on customers.activity (org_id, kind, occurred_at)
       include (customer_id);
