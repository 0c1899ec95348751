-- What codes are made of rests sealed (kernel/secrets.py). Codes at doors from before stay as they
-- are until their delivery is done; sign-in codes live ten minutes and are asked for anew.
alter table delivery.door_code
    drop constraint door_code_secret_check,
    alter column secret drop not null,
    add column sealed kernel.sealed,
    add constraint sealed_or_from_before check ((secret is null) <> (sealed is null));

delete from delivery.sign_in_code;
alter table delivery.sign_in_code
    drop column secret,
    add column sealed kernel.sealed not null;
