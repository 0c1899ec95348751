-- Whoever takes over writes down where it is: the cluster's and the database's own names.
grant execute on function notifications.here() to tandem_app;
