-- Whoever is of a trial's sample is found at once among the million that wait for its winner. Every
-- other campaign's people have a variant from the beginning, and are read in the same order.
create index recipient_to_take
    on marketing.campaign_recipient (org_id, campaign_id, customer_id)
    where state = 'planned' and variant_id is not null;
