create schema support;

-- One document per organisation: calendar, targets, categories, queues. No row: the usual ones.
create table support.settings (
    org_id     uuid        not null,
    document   jsonb       not null,
    version    int         not null,
    updated_at timestamptz not null,
    primary key (org_id)
);
select kernel.tenant_table('support.settings');

-- Numbers of other documents are copied when the complaint opens, so that a list needs no other
-- service. Clocks: a due time runs, seconds left wait; a clock that was met has neither.
create table support.complaint (
    org_id                  uuid        not null,
    id                      uuid        not null,
    number                  text        not null,
    public_token            text        not null,
    order_id                uuid,
    order_number            text        not null default '',
    shipment_id             uuid,
    shipment_number         text        not null default '',
    invoice_id              uuid,
    invoice_number          text        not null default '',
    customer_id             uuid,
    customer_name           text        not null default '',
    customer_email          text,
    customer_phone          text,
    channel                 text        not null,
    origin                  text        not null,
    category                text        not null,
    severity                text        not null,
    status                  text        not null,
    queue                   text        not null,
    assignee_id             uuid,
    assignee_name           text        not null default '',
    subject                 text        not null check (length(subject) between 1 and 200),
    dedupe                  text,
    rule                    text,
    rule_subject            uuid,
    response_seconds        int         not null check (response_seconds > 0),
    response_due_at         timestamptz,
    responded_at            timestamptz,
    response_breached_at    timestamptz,
    resolution_seconds      int         not null check (resolution_seconds > 0),
    resolution_due_at       timestamptz,
    resolution_left_seconds int,
    resolution_breached_at  timestamptz,
    next_due_at             timestamptz generated always as (
        least(response_due_at, resolution_due_at)) stored,
    resolved_at             timestamptz,
    closed_at               timestamptz,
    rating                  int         check (rating between 1 and 5),
    rating_note             text        not null default '',
    rated_at                timestamptz,
    erased_at               timestamptz,
    version                 int         not null default 1,
    opened_at               timestamptz not null,
    updated_at              timestamptz not null,
    primary key (org_id, id),
    unique (org_id, number),
    unique (org_id, public_token),
    check (resolution_due_at is null or resolution_left_seconds is null),
    check ((rule is null) = (rule_subject is null)),
    check ((assignee_id is null) = (assignee_name = ''))
);
-- The same form sent twice, or the same rule about the same parcel: one complaint.
create unique index complaint_once on support.complaint (org_id, dedupe) where dedupe is not null;
create unique index complaint_of_rule on support.complaint (org_id, rule, rule_subject)
 where rule is not null;
create index complaint_by_order on support.complaint (org_id, order_id, id)
 where order_id is not null;
create index complaint_by_customer on support.complaint (org_id, customer_id, id)
 where customer_id is not null;
create index complaint_by_shipment on support.complaint (org_id, shipment_id)
 where shipment_id is not null;
create index complaint_by_due on support.complaint (org_id, next_due_at, id)
 where next_due_at is not null;
create index complaint_by_queue on support.complaint (org_id, queue, id) where status <> 'closed';
create index complaint_by_assignee on support.complaint (org_id, assignee_id, id)
 where status <> 'closed';
create index complaint_by_status on support.complaint (org_id, status, id);
select kernel.tenant_table('support.complaint');

create table support.message (
    org_id       uuid        not null,
    id           uuid        not null,
    complaint_id uuid        not null,
    visibility   text        not null check (visibility in ('internal', 'public')),
    origin       text        not null,
    author_kind  text        not null,
    author_id    uuid,
    author_label text        not null,
    body         text        not null check (length(body) <= 20000),
    sha256       text        not null,
    dedupe       text,
    created_at   timestamptz not null,
    edited_at    timestamptz,
    primary key (org_id, id),
    foreign key (org_id, complaint_id) references support.complaint (org_id, id)
);
create index message_of_complaint on support.message (org_id, complaint_id, id);
create unique index message_once on support.message (org_id, complaint_id, dedupe)
 where dedupe is not null;
select kernel.tenant_table('support.message');

-- The same bytes once per complaint, whoever sends them and from which side.
create table support.file (
    org_id       uuid        not null,
    id           uuid        not null,
    complaint_id uuid        not null,
    message_id   uuid,
    blob_id      uuid        not null,
    sha256       text        not null,
    size_bytes   bigint      not null check (size_bytes > 0),
    media_type   text        not null,
    filename     text        not null,
    visibility   text        not null check (visibility in ('internal', 'public')),
    origin       text        not null,
    author_kind  text        not null,
    author_id    uuid,
    author_label text        not null,
    scan         text        not null check (scan in ('not_scanned', 'pending', 'clean', 'infected')),
    created_at   timestamptz not null,
    primary key (org_id, id),
    unique (org_id, complaint_id, sha256),
    foreign key (org_id, complaint_id) references support.complaint (org_id, id),
    foreign key (org_id, message_id) references support.message (org_id, id)
);
create index file_of_complaint on support.file (org_id, complaint_id, id);
select kernel.tenant_table('support.file');

-- What was done to a complaint, in order, for its page; never changed.
create table support.step (
    org_id       uuid        not null,
    id           uuid        not null,
    complaint_id uuid        not null,
    at           timestamptz not null,
    kind         text        not null,
    origin       text        not null,
    actor_kind   text        not null,
    actor_id     uuid,
    actor_label  text        not null,
    before       text        not null default '',
    after        text        not null default '',
    note         text        not null default '',
    primary key (org_id, id),
    foreign key (org_id, complaint_id) references support.complaint (org_id, id)
);
create index step_of_complaint on support.step (org_id, complaint_id, id);
select kernel.tenant_table('support.step', append_only => true);

create table support.saved_reply (
    org_id     uuid        not null,
    id         uuid        not null,
    name       text        not null check (length(name) between 1 and 80),
    body       text        not null check (length(body) between 1 and 5000),
    category   text        not null default '',
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (org_id, id),
    unique (org_id, name)
);
select kernel.tenant_table('support.saved_reply');
