-- What each buyer is worth: recency, frequency and money by fifths, and what the models expect.
create table customers.metric (
    org_id          uuid             not null,
    customer_id     uuid             not null,
    recency_days    int              not null,
    frequency       int              not null,
    monetary_minor  bigint           not null,
    r               int              not null check (r between 1 and 5),
    f               int              not null check (f between 1 and 5),
    m               int              not null check (m between 1 and 5),
    rfm_segment     text             not null,
    p_alive         double precision check (p_alive between 0 and 1),
    expected_orders double precision,
    expected_minor  bigint,
    as_of           timestamptz      not null,
    primary key (org_id, customer_id),
    foreign key (org_id, customer_id) references customers.customer (org_id, id) on delete cascade
);
create index metric_by_segment on customers.metric (org_id, rfm_segment);
select kernel.tenant_table('customers.metric');

create table customers.metric_run (
    org_id uuid        not null primary key,
    as_of  timestamptz not null,
    model  jsonb
);
select kernel.tenant_table('customers.metric_run');
