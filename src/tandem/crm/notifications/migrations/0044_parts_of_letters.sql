-- A part is a piece that several letters share: `{% include "footer" %}` in any of them.
alter table notifications.template drop constraint template_channel_check,
    add constraint template_channel_check
        check (channel in ('email', 'sms', 'whatsapp', 'inapp', 'part'));
