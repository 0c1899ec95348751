-- A campaign may call one of the company's webhook addresses about each of its people.
alter table marketing.campaign
    add column endpoint_id uuid,
    drop constraint campaign_channel_check,
    add constraint campaign_channel_check
        check (channel in ('email', 'sms', 'whatsapp', 'webhook')),
    add constraint campaign_endpoint_check check (endpoint_id is null or channel = 'webhook');
