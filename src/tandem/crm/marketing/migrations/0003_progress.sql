-- How far it has come, by state, as of the last look: for lists, and to tell pages of a change.
alter table marketing.campaign add column progress jsonb not null default '{}';
