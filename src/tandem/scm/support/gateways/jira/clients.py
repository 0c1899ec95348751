"""Clients by how they sign in, kept for the life of the process."""

from collections import OrderedDict

import msgspec

from tandem.kernel.outbound import Outbound
from tandem.scm.support.gateways.jira import wire
from tandem.scm.support.gateways.jira.calls import call, unreadable
from tandem.scm.support.gateways.jira.client import JiraClient
from tandem.scm.support.gateways.jira.port import Access, Jira, Tokens, Trouble

KEPT_MAX = 100


class JiraClients:
    """Connection pools are shared by all calls that sign in alike."""

    def __init__(self) -> None:
        self._clients: OrderedDict[Access, JiraClient] = OrderedDict()

    async def close(self) -> None:
        for client in self._clients.values():
            await client.close()
        self._clients.clear()

    def open(self, access: Access) -> Jira:
        client = self._clients.get(access)
        if client is None:
            client = JiraClient(access)
            self._clients[access] = client
            while len(self._clients) > KEPT_MAX:
                # Whoever uses it still does so; its pool goes with the last reference.
                self._clients.popitem(last=False)
        self._clients.move_to_end(access)
        return client

    async def refresh(
        self, token_url: str, *, client_id: str, client_secret: str, refresh_token: str
    ) -> Tokens | Trouble:
        """https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/"""
        body = {
            "grant_type": "refresh_token",
            "client_id": client_id,
            "client_secret": client_secret,
            "refresh_token": refresh_token,
        }
        base, _, path = token_url.rpartition("/")
        outbound = Outbound(f"{base}/")
        try:
            answer = await call(outbound, "POST", path, json=body)
        finally:
            await outbound.close()
        if isinstance(answer, Trouble):
            return answer
        try:
            given = msgspec.json.decode(answer, type=wire.WireTokens)
        except (msgspec.MsgspecError, UnicodeDecodeError) as reason:
            return unreadable(reason, is_read=False)
        return Tokens(
            access_token=given.access_token,
            refresh_token=given.refresh_token or refresh_token,
            expires_seconds=given.expires_in,
        )
