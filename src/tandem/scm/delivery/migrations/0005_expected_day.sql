-- The newest day that the buyer was told, where it is another than the one first promised.
alter table delivery.delivery add column expected_on date;
