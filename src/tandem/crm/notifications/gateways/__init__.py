"""The ways out: SMTP for e-mail, a Twilio-shaped API for texts."""
