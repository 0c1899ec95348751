-- A campaign stops by itself whose segments do not follow their people any more.
alter table marketing.campaign
    drop constraint campaign_paused_for_check,
    add constraint campaign_paused_for_check
        check (paused_for in ('', 'by_hand', 'errors', 'bounces', 'complaints', 'outage',
                              'approval', 'segments'));
