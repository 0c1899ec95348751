-- A year of sums by product is read without looking at the table: most of a long answer's time.
create index rollup_read on analytics.rollup (org_id, dataset, clock, on_day)
       include (recorded_at, superseded_at, d1, d2, d3, d4, d5,
                m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12);
