"""The vendors that carry messages: SendGrid, Mailgun, Postmark, Amazon SES, MSG91, WhatsApp Cloud.

Each takes messages as its vendor does, puts them into the mailbox, and reports what became of them
to the address it was given (`PUT /sandbox/carriers/{vendor}/hook`), signed as its vendor signs. An
e-mail to `bounce@…`, `soft@…` or `complain@…` ends so; everything else is delivered. Any event can
be sent by hand (`POST /sandbox/carriers/{vendor}/events`). A key beginning with `wrong` is refused.
"""
