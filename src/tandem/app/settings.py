"""One frozen Settings, read from `TANDEM_*` once at start, refused with a reason when wrong."""

import hashlib
import hmac
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec

SANDBOX_RAZORPAY = {
    "razorpay_key_id": "rzp_test_tandemsandbox",
    "razorpay_key_secret": "sandbox_key_secret",
    "razorpay_webhook_secret": "sandbox_webhook_secret",
}
"""The stand-in's fixed keys: they open nothing outside this machine."""


class SettingsWrong(Exception):
    """A setting is missing or malformed; the message names its variable."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every field is `TANDEM_<FIELD>` in the environment. Secrets are masked when printed."""

    database_url: str
    """Owner of the schema; used by migrations and doctor only. `DATABASE_URL` works too."""
    app_database_url: str = ""
    """The app's own role; derived from the owner's URL and the secret key when empty."""
    secret_key: Annotated[str, msgspec.Meta(min_length=32)]
    """At least 32 characters; sessions, door codes and the app role's password derive from it."""
    secret_keys: str = ""
    """Keys of the secrets at rest, base64url with commas, newest first (`tandem secrets new-key`).

    The first seals, all open. One derived from the secret key stands behind them.
    """
    base_url: str = "http://127.0.0.1:8080"
    """How people reach this installation; links in messages start with it."""
    data_dir: str = "."
    blobs_url: str = ""
    """`file:///folder` or `s3://bucket/prefix`; a folder in the data dir when empty."""
    clock_file: str = ""
    trusted_proxies: str = "127.0.0.1"
    log_level: str = "info"
    otlp_endpoint: str = ""
    """Traces go there when set (needs the `otel` extra)."""

    outbound_networks: str = ""
    """Own networks (CIDR, with commas) that addresses given by people may lead to, over http too.

    Everywhere else only public https addresses are spoken to (kernel.guard).
    """

    demo: Literal["lively", "plain"] = "lively"
    """A lively demo company has three weeks behind it, a plain one people and goods alone."""
    sandbox_url: str = ""
    """Set by `tandem up`: providers without keys are served by the stand-ins at this address."""
    razorpay_key_id: str = ""
    razorpay_key_secret: str = ""
    razorpay_webhook_secret: str = ""
    razorpay_webhook_secret_previous: str = ""
    razorpay_capture: Literal["automatic", "manual"] = "automatic"
    """`manual` leaves authorised payments to people; uncaptured ones go back after three days."""
    razorpay_base_url: str = "https://api.razorpay.com/v1/"
    razorpay_checkout_url: str = "https://checkout.razorpay.com/v1/checkout.js"
    google_maps_server_key: str = ""
    google_maps_browser_key: str = ""
    google_routes_url: str = "https://routes.googleapis.com"
    google_maps_url: str = "https://maps.googleapis.com"
    tiles_url: str = ""
    """Raster tile template `https://…/{z}/{x}/{y}.png` for maps without a Google key."""
    smtp_url: str = ""
    """`smtp://user:password@host:port` (STARTTLS when offered) or `smtps://`."""
    mail_from: str = "Tandem <no-reply@tandem.invalid>"
    clamd_url: str = ""
    """`tcp://host:3310`: looks into files for viruses where the care desk wants that."""
    sms_base_url: str = "https://api.twilio.com"
    sms_account_sid: str = ""
    sms_auth_token: str = ""
    sms_from: str = ""

    @property
    def is_sandbox(self) -> bool:
        return bool(self.sandbox_url)

    @property
    def app_role(self) -> str:
        """The login of this database; `tandem_app` is the group that holds the grants."""
        return f"{urlsplit(self.database_url).path.lstrip('/') or 'tandem'}_login"

    @property
    def place(self) -> str:
        """What tells this installation from a copy of its database: its address, or its folder
        where the address is this machine's own."""
        host = urlsplit(self.base_url).hostname or ""
        is_local = host in {"localhost", "::1"} or host.startswith("127.")
        return f"folder {Path(self.data_dir).absolute()}" if is_local else self.base_url

    @property
    def app_dsn(self) -> str:
        return self.app_database_url or app_dsn_of(
            self.database_url, self.app_role, self.derive("app-role")
        )

    def derive(self, purpose: str) -> str:
        """A secret of its own for each purpose, from the one key."""
        return hmac.new(self.secret_key.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def app_dsn_of(owner_dsn: str, role: str, password: str) -> str:
    parts = urlsplit(owner_dsn)
    host = parts.netloc.rsplit("@", 1)[-1]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{password}@{host}"))


SECRETS = frozenset(
    {
        "secret_key",
        "secret_keys",
        "razorpay_key_secret",
        "razorpay_webhook_secret",
        "razorpay_webhook_secret_previous",
        "google_maps_server_key",
        "sms_auth_token",
    }
)
URLS_WITH_PASSWORDS = frozenset({"database_url", "app_database_url", "smtp_url"})


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read, fill in the sandbox's keys where none are set, validate."""
    given = {
        field: environment[f"TANDEM_{field.upper()}"]
        for field in Settings.__struct_fields__
        if environment.get(f"TANDEM_{field.upper()}")
    }
    if "database_url" not in given and environment.get("DATABASE_URL"):
        given["database_url"] = environment["DATABASE_URL"]
    for needed in ("database_url", "secret_key"):
        if needed not in given:
            raise SettingsWrong(
                f"TANDEM_{needed.upper()} is not set (`tandem up` sets it for you)."
            )
    for field in ("database_url", "app_database_url"):
        if field in given and not _is_database(given[field]):
            raise SettingsWrong(
                f"TANDEM_{field.upper()} is no address of a PostgreSQL database: "
                "postgresql://user:password@host:5432/name."
            )
    if sandbox := given.get("sandbox_url"):
        given = {**_stand_ins(given, sandbox.rstrip("/")), **given}
    data_dir = Path(given.get("data_dir", ".")).absolute()
    given.setdefault("blobs_url", f"file://{data_dir}/blobs")
    known = {f"TANDEM_{field.upper()}" for field in Settings.__struct_fields__} | OTHER_VARIABLES
    unknown = [name for name in environment if name.startswith("TANDEM_") and name not in known]
    if unknown:
        raise SettingsWrong(f"Unknown settings: {', '.join(sorted(unknown))}.")
    try:
        return msgspec.convert(given, Settings)
    except msgspec.ValidationError as reason:
        raise SettingsWrong(f"Settings: {reason}") from reason


def _is_database(url: str) -> bool:
    """Whoever wrote it, the driver would not understand another."""
    try:
        parts = urlsplit(url)
        is_many = "," in parts.netloc  # The driver takes several hosts; urlsplit knows one.
        return parts.scheme in {"postgresql", "postgres"} and (is_many or parts.port != 0)
    except ValueError:
        return False


OTHER_VARIABLES = frozenset(
    {
        "TANDEM_API_KEY",
        "TANDEM_CHROMIUM",
        "TANDEM_DATA",
        "TANDEM_PYTHON",
        "TANDEM_TEST_DATABASE_URL",
        "TANDEM_TEST_PG_BIN",
    }
)


def _stand_ins(given: Mapping[str, str], sandbox: str) -> dict[str, str]:
    filled: dict[str, str] = {}
    if "razorpay_key_id" not in given:
        filled |= SANDBOX_RAZORPAY
        filled["razorpay_base_url"] = f"{sandbox}/razorpay/v1/"
        filled["razorpay_checkout_url"] = f"{sandbox}/razorpay/v1/checkout.js"
    if "sms_account_sid" not in given:
        filled |= {
            "sms_base_url": f"{sandbox}/sms",
            "sms_account_sid": "AC" + "0" * 32,
            "sms_auth_token": "sandbox_auth_token",
            "sms_from": "+15005550006",
        }
    return filled


def shown(settings: Settings) -> dict[str, str]:
    """For `tandem config`: every value, secrets and passwords masked."""
    return {
        field: _masked(field, str(getattr(settings, field))) for field in Settings.__struct_fields__
    }


def _masked(field: str, value: str) -> str:
    if field in SECRETS:
        return "********" if value else ""
    if field in URLS_WITH_PASSWORDS and "@" in value:
        parts = urlsplit(value)
        user = (parts.username or "") + (":********" if parts.password else "")
        return urlunsplit(parts._replace(netloc=f"{user}@{parts.netloc.rsplit('@', 1)[-1]}"))
    return value
