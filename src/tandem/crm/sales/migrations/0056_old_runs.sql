-- What automations did is kept for a while only; see DAYS_KEPT.
create index automation_run_old on sales.automation_run (org_id, at);
