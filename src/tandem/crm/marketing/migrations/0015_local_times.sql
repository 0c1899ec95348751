-- A campaign may leave at an hour of everybody's own clock, on one day; a welcome has no day.
alter table marketing.campaign
    add column local_time text not null default '' check (local_time ~ '^(([01]\d|2[0-3]):[0-5]\d)?$'),
    add column local_day date;
