-- A campaign may try its variants on a part of its people first; the rest gets the better one.
alter table marketing.campaign
    add column trial jsonb,
    add column trial_ends_at timestamptz,
    add column winner_id uuid,
    add column winner_says text not null default '',
    add constraint campaign_winner_check check (winner_id is null or trial is not null);
