-- Amounts of money that no rate is known for are few, and counted with every answer about money.
create index fact_order_unconverted on analytics.fact_order (org_id, on_day)
 where total_base is null;
create index fact_order_line_unconverted on analytics.fact_order_line (org_id, on_day)
 where total_base is null;
create index fact_payment_unconverted on analytics.fact_payment (org_id, on_day)
 where net_base is null;
create index fact_invoice_unconverted on analytics.fact_invoice (org_id, on_day)
 where net_base is null;
