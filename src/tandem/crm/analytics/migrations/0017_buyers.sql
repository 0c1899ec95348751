-- Who bought on which days, without the table: different buyers cannot be added up from sums by day.
drop index analytics.fact_order_of_day;
create index fact_order_of_day on analytics.fact_order (org_id, on_day)
       include (customer_id, status, state_code, channel, recorded_at, superseded_at);
