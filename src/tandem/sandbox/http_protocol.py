"""uvicorn's protocol with one addition: a request may hang up on its caller."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HANG_UP = "tandem.hang_up"
"""Key in the scope's `extensions`: a call without arguments that cuts the connection."""


class SandboxProtocol(HttpToolsProtocol):
    """A server that promises an answer always gives one, if only a 500. A vendor that has died
    gives none, so the raw connection is within reach of the fault middleware."""

    def on_headers_complete(self) -> None:
        extensions = self.scope.setdefault("extensions", {})
        assert extensions is not None, "just set"
        extensions[HANG_UP] = {"call": self.transport.abort}
        super().on_headers_complete()
