-- What a company expects of its provider (how strong, how recent), and what the provider last told.
-- Companies that had one decided before this that its word counts as two factors: that stays theirs.
alter table identity.sign_in_provider
    add column expects jsonb not null default '{}',
    add column told    jsonb;
update identity.sign_in_provider set expects = '{"assumes_two_factors": true}';
