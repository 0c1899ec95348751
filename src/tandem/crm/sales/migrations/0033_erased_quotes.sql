-- Erasing a person takes their name out of what they were offered; prices and tax stay.
create or replace function sales.keep_sent_quote() returns trigger language plpgsql as $$
begin
    if old.state <> 'draft'
       and (old.number, old.revision, old.opportunity_id, old.currency, old.payment_method,
            old.pay_days, old.valid_until, old.terms, old.taxable_minor, old.tax_minor,
            old.round_off_minor, old.total_minor, old.token)
           is distinct from
           (new.number, new.revision, new.opportunity_id, new.currency, new.payment_method,
            new.pay_days, new.valid_until, new.terms, new.taxable_minor, new.tax_minor,
            new.round_off_minor, new.total_minor, new.token) then
        raise exception 'a sent quote does not change';
    end if;
    if old.state <> 'draft' and old.note <> new.note and new.customer_name <> 'Erased' then
        raise exception 'the words of a sent quote do not change';
    end if;
    if old.pdf_sha256 <> '' and new.pdf_sha256 <> old.pdf_sha256 then
        raise exception 'the paper of a quote does not change';
    end if;
    return new;
end $$;
