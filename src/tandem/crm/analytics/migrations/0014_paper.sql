-- Reports can be taken along on paper too.
alter table analytics.export drop constraint export_file_check;
alter table analytics.export add constraint export_file_check check (file in ('csv', 'xlsx', 'pdf'));
