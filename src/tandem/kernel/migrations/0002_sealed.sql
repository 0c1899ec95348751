-- A sealed secret (kernel/secrets.py). The type is how rotation and the doctor find every column.
create domain kernel.sealed as bytea
    check (value is null or (octet_length(value) >= 81 and get_byte(value, 0) = 1));
grant usage on schema kernel to tandem_app;
