-- Points that no rule gave: a journey's, once for each step somebody took. They stay until the lead
-- goes, and are explained beside those of the rules.
alter table sales.score_event alter column rule_id drop not null;
drop index sales.score_event_once;
create unique index score_event_once on sales.score_event (org_id, lead_id, rule_id, event_key)
    nulls not distinct where ended_at is null;
