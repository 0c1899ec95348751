-- Two documents never have one reference number: it is made of the seller, the year and the number.
create index invoice_by_irn on invoicing.invoice (org_id, irn) where irn <> '';
