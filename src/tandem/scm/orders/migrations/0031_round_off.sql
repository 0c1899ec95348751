-- Companies that round their documents to whole rupees: the difference is a figure of its own.
alter table orders.order
    add column round_off_minor bigint not null default 0
        check (round_off_minor between -50 and 50),
    drop constraint order_check,
    add constraint parts_make_the_total
        check (total_minor = taxable_minor + tax_minor + round_off_minor);
alter type orders.new_order add attribute round_off_minor bigint;
