"""How a value reads that is a name in code."""

KNOWN_WORDS = {
    "api": "API",
    "api_key": "API key",
    "cod": "Cash on delivery",
    "email": "E-mail",
    "en_route": "On the way",
    "own_fleet": "Own fleet",
    "sms": "SMS",
    "sso": "SSO",
    "upi": "UPI",
}


def words(status: str) -> str:
    """`partially_shipped` → `Partially shipped`."""
    return KNOWN_WORDS.get(status) or status.replace("_", " ").capitalize()
