-- A rate is of whole units: one yen has no minor ones, one rupee a hundred. `fx_scale` is the power of
-- ten between a minor unit of the deal's currency and one of the company's, kept like the rate.
alter table sales.opportunity
    add column fx_scale numeric not null default 1 check (fx_scale > 0);
update sales.opportunity
   set fx_scale = case when currency in ('JPY', 'KRW', 'VND', 'CLP') then 100 else 0.1 end
 where currency in ('JPY', 'KRW', 'VND', 'CLP', 'KWD', 'BHD', 'OMR', 'TND') and fx_rate <> 1;
