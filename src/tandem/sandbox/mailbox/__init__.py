"""Everything the product sent to anybody: e-mails taken over SMTP and texts taken by the gateway,
kept in one inbox for people (`/mail`) and for scripts (`/api/messages`)."""
