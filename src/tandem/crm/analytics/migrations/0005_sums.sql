-- By which definitions the sums by day were made: others are not read until all are made anew.
alter table analytics.watermark add column sums text not null default '';
