"""What the sandbox is told at start.

Its credentials are public, since they open nothing outside this machine; the product takes the
same ones when it has none of its own.
"""

from pathlib import Path

import msgspec

HOST = "127.0.0.1"


class SandboxSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`webhook_base` is the product's own address, such as `http://127.0.0.1:8000`."""

    port: int
    smtp_port: int
    data: Path
    clock_file: Path
    webhook_base: str | None = None
    razorpay_key_id: str = "rzp_test_tandemsandbox"
    razorpay_key_secret: str = "sandbox_key_secret"  # noqa: S105 - public, see above
    razorpay_webhook_secret: str = "sandbox_webhook_secret"  # noqa: S105 - public, see above
    sms_account_sid: str = "AC" + "0" * 32
    sms_auth_token: str = "sandbox_auth_token"  # noqa: S105 - public, see above
    google_api_key: str = "sandbox_google_key"
    jira_api_token: str = "sandbox_jira_token"  # noqa: S105 - public, see above
    jira_pat: str = "sandbox_jira_pat"
    jira_client_id: str = "sandbox_jira_client"
    jira_client_secret: str = "sandbox_jira_secret"  # noqa: S105 - public, see above
    jira_refresh_token: str = "sandbox_jira_refresh"  # noqa: S105 - public, see above

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self.port}"
