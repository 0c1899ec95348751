-- Credit of money that no rate is known for is little, and counted with every answer about credit.
create index fact_credit_unconverted on analytics.fact_credit (org_id, on_day)
 where whole_base is null;
