-- By which dimension somebody's own dashboard can be narrowed, all its tiles at once; none by nothing.
alter table analytics.dashboard
    add column filter_by text not null default '' check (length(filter_by) <= 40);
