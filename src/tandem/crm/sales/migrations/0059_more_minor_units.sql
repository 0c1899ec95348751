-- As 0058, for the other currencies of ISO 4217 without minor units or with a thousand of them.
update sales.opportunity
   set fx_scale = case when currency in ('IQD', 'JOD', 'LYD') then 0.1 else 100 end
 where currency in ('BIF', 'DJF', 'GNF', 'ISK', 'KMF', 'PYG', 'RWF', 'UGX', 'VUV', 'XAF', 'XOF', 'XPF',
                    'IQD', 'JOD', 'LYD')
   and fx_rate <> 1;
