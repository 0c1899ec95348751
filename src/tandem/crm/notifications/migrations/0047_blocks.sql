-- A letter may be put together of blocks; its source is then what they were compiled to.
alter table notifications.template_version
    add column blocks jsonb,
    add column theme  jsonb,
    add constraint blocks_have_a_theme check ((blocks is null) = (theme is null)),
    add constraint blocks_make_mjml check (blocks is null or format = 'mjml');

create or replace function notifications.keep_published_words() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if old.published_at is not null
       and (new.format, new.subject, new.preheader, new.source, new.blocks, new.theme, new.html,
            new.text, new.variables, new.dlt_template_id, new.sha256, new.locale, new.template_id,
            new.number)
           is distinct from
           (old.format, old.subject, old.preheader, old.source, old.blocks, old.theme, old.html,
            old.text, old.variables, old.dlt_template_id, old.sha256, old.locale, old.template_id,
            old.number) then
        raise exception 'a published template version does not change';
    end if;
    return new;
end
$$;
