-- How often a deal's expected close was put off, and by how many days in all; nothing of deals that
-- never had one. Those of before are counted when the facts are gathered anew.
alter table analytics.fact_opportunity
    add column slips bigint,
    add column slipped_days bigint;
