-- Mail to staff may come at once when it was quiet for an hour, and gathered when it was not.
alter table notifications.preference drop constraint preference_pace_check,
    add constraint preference_pace_check
        check (pace in ('off', 'now', 'eased', 'hourly', 'daily', 'weekly'));
