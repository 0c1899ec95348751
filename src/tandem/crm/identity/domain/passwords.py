"""What a password must be."""

from tandem.kernel.errors import Invalid

PASSWORD_LENGTH_MIN = 12


PASSWORD_LENGTH_MAX = 256


class WeakPassword(Invalid):
    code = "weak_password"


def check_password(password: str) -> None:
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        raise WeakPassword(
            f"A password has {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters.",
            field="password",
        )
