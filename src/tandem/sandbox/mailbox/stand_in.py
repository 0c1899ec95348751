"""The mailbox plugged into the sandbox."""

from collections.abc import Sequence

from litestar.types import ControllerRouterHandler

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.mailbox import messages, script, smtp, web


def prepare(deps: Dependencies) -> None:
    deps.store.create(messages.DDL)
    deps.store.create(script.DDL)
    deps.faults.declare(smtp.TARGET)
    mailbox = smtp.Mailbox(deps.store, deps.faults, deps.clock)
    deps.contexts.append(lambda: smtp.serve_smtp(mailbox, deps.settings.smtp_port))


def routes() -> Sequence[ControllerRouterHandler]:
    return web.handlers()
