"""How long a session lives, and what a failed sign-in says."""

from datetime import timedelta

from tandem.kernel.errors import Unauthenticated

SESSION_LIFE = timedelta(days=14)


SESSION_IDLE = timedelta(days=3)


SEEN_GRAIN = timedelta(minutes=5)


class WrongCredentials(Unauthenticated):
    """One answer for an unknown address and for a wrong password."""

    code = "wrong_credentials"
