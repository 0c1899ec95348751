-- Why a campaign stands still, as a word: one that waits for its way out goes on by itself.
alter table marketing.campaign
    add column paused_for text not null default ''
        check (paused_for in ('', 'by_hand', 'errors', 'bounces', 'complaints', 'outage'));
update marketing.campaign set paused_for = 'by_hand' where state = 'paused';
alter table marketing.campaign
    add constraint what_stands_still_has_a_reason check ((state = 'paused') = (paused_for <> ''));
create index campaign_waiting on marketing.campaign (org_id, channel) where paused_for = 'outage';
