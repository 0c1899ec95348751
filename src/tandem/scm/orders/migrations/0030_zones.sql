-- Whether it was sold to a special economic zone, which is inter-state even within one state.
alter table orders.order add column is_sez boolean not null default false;
alter type orders.new_order add attribute is_sez boolean;
