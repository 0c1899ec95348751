"""HTTP to the outside: one client, explicit time-outs, retries only where they are safe."""

import asyncio
import random
import ssl
from functools import cache
from typing import Any

import httpx2 as httpx

TIMEOUT = httpx.Timeout(10.0, connect=3.0)
RETRIES = 2
RETRY_STATUSES = frozenset({429, 502, 503, 504})
RETRY_AFTER_MAX = 5.0


class OutcomeUnknown(Exception):
    """Sent, and no answer came: the other side may have acted. Look it up, never send again."""


class NotSent(Exception):
    """The other side surely did not act: no connection, or it refused before working."""


class Outbound:
    """A named outside system at a base URL. One pool per process; close it at shutdown."""

    def __init__(
        self, base_url: str, *, auth: tuple[str, str] | None = None, headers: Any = None
    ) -> None:
        self._client = httpx.AsyncClient(
            base_url=base_url,
            auth=auth,
            headers=headers,
            timeout=TIMEOUT,
            follow_redirects=False,
            verify=_trusted(),
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def send(
        self, method: str, path: str, *, is_repeatable: bool | None = None, **content: Any
    ) -> httpx.Response:
        """One call; any HTTP status is an answer.

        GET, and calls marked repeatable (they carry an idempotency key), are tried again on
        connection loss, 429 and 5xx gateway answers, honouring `Retry-After` up to five seconds.
        Raises NotSent or OutcomeUnknown.
        """
        may_repeat = method == "GET" if is_repeatable is None else is_repeatable
        for attempt in range(RETRIES + 1):
            is_last = attempt == RETRIES or not may_repeat
            try:
                answer = await self._client.request(method, path, **content)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as reason:
                if is_last:
                    raise NotSent(str(reason)) from reason
            except httpx.TransportError as reason:
                if is_last:
                    raise OutcomeUnknown(f"{type(reason).__name__}: {reason}") from reason
            else:
                if is_last or answer.status_code not in RETRY_STATUSES:
                    return answer
                await asyncio.sleep(_wait(attempt, answer.headers.get("retry-after")))
                continue
            await asyncio.sleep(_wait(attempt, None))
        raise AssertionError("the last attempt always returns or raises")


@cache
def _trusted() -> ssl.SSLContext:
    """Reading the authorities' certificates takes 20 ms: once for all outside systems."""
    return httpx.create_ssl_context()


def _wait(attempt: int, retry_after: str | None) -> float:
    if retry_after and retry_after.isdigit():
        return min(float(retry_after), RETRY_AFTER_MAX)
    return float(0.2 * 2**attempt * (0.5 + random.random()))  # noqa: S311  jitter, not a secret
