-- How many codes somebody was sent lately.
create index buyer_code_by_customer on identity.buyer_code (org_id, customer_id);
