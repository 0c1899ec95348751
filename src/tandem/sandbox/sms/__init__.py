"""The text-message gateway: Twilio's Messages API as far as one-way texts need it. Every accepted
text lies in the mailbox; delivery reports go to the `StatusCallback`, signed as Twilio signs."""
