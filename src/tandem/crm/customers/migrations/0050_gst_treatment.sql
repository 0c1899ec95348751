-- How GST treats sales to somebody; empty where nobody said: then their GSTIN decides.
alter table customers.customer
    add column gst_treatment text not null default ''
        check (gst_treatment in ('', 'regular', 'unregistered', 'sez', 'overseas')),
    add constraint gst_treatment_fits_the_gstin
        check (gst_treatment not in ('unregistered', 'overseas') or gstin is null);
