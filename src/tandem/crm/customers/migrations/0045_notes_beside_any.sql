-- Notes stand beside deals and orders as they do beside customers and accounts.
alter table customers.note
    drop constraint note_subject_kind_check,
    add constraint note_subject_kind_check
        check (subject_kind in ('customer', 'account', 'opportunity', 'order'));
