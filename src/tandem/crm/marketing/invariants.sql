-- name: whoever was left out of a campaign has no message, and whoever was sent one has
select org_id, campaign_id, customer_id
  from marketing.campaign_recipient
 where (state in ('planned', 'holdout')) and message_id is not null
    or state in ('queued', 'held', 'sent', 'delivered', 'bounced', 'complained', 'unknown')
       and message_id is null;

-- name: a recipient's variant is one of its campaign's
select r.org_id, r.campaign_id, r.customer_id
  from marketing.campaign_recipient r
  join marketing.campaign_variant v on v.org_id = r.org_id and v.id = r.variant_id
 where v.campaign_id <> r.campaign_id;
