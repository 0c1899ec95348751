"""What an e-mail address says by itself: thrown away after use, a role's, or a person's."""

from functools import cache

ROLES = frozenset(
    {
        "abuse", "accounts", "admin", "administrator", "billing", "career", "careers", "contact",
        "enquiries", "enquiry", "feedback", "ftp", "help", "helpdesk", "hostmaster", "hr", "info",
        "inquiries", "jobs", "mail", "mailer-daemon", "marketing", "media", "news", "newsletter",
        "no-reply", "noc", "noreply", "office", "orders", "postmaster", "press", "privacy",
        "root", "sales", "security", "service", "spam", "support", "sysadmin", "team", "usenet",
        "uucp", "webmaster", "www",
    }
)  # fmt: skip
"""Mailboxes of a function, not a person (RFC 2142, and what is usual)."""


def is_disposable(email: str) -> bool:
    """The domain, or one above it, is on the list. `email` in its normal form."""
    listed, labels = _disposable(), email.rpartition("@")[2].split(".")
    return any(".".join(labels[place:]) in listed for place in range(len(labels) - 1))


def is_role(email: str) -> bool:
    return email.partition("@")[0].partition("+")[0] in ROLES


@cache
def _disposable() -> frozenset[str]:
    """Domains of throw-away mailboxes: the public-domain list of disposable-email-domains."""
    from disposable_email_domains import blocklist  # 3 MB, for the first lead that is looked at

    return frozenset(blocklist)
