"""Messages as values: their states, their words, their refusals. Pure."""

from collections.abc import Mapping

SMS_PROVIDER = "sms"
"""How the inbox names the text gateway's reports."""

PERMISSIONS: Mapping[str, str] = {
    "notifications.read": "See which messages were sent to whom and what became of them.",
    "notifications.send": "Send messages to customers and drivers.",
    "notifications.retry": "Send a failed or unanswered message once more.",
    "notifications.templates": "Write what messages say, and set who gets which of them.",
    "notifications.configure": "Set up who carries messages, with which keys, and what is "
    "registered for texts.",
}
