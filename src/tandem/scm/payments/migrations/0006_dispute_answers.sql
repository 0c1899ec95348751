-- What we said to the buyer's bank, and how far it is on its way there. One word at a time: after
-- `action_required` it is said anew.
alter table payments.dispute
    add column answer          text not null default '' check (answer in ('', 'contest', 'accept')),
    add column answer_state    text not null default ''
        check (answer_state in ('', 'requested', 'sent', 'refused')),
    add column answer_error    text not null default '' check (length(answer_error) <= 500),
    add column contested_minor bigint check (contested_minor > 0),
    add column answered_at     timestamptz,
    add column answer_due_at   timestamptz,
    add column answer_tries    int not null default 0,
    add constraint an_answer_is_somewhere check ((answer = '') = (answer_state = '')),
    add constraint what_is_asked_is_due
        check ((answer_state = 'requested') = (answer_due_at is not null)),
    add constraint contests_what_is_disputed check (contested_minor <= amount_minor);
create index dispute_to_answer on payments.dispute (org_id, answer_due_at)
    where answer_due_at is not null;
