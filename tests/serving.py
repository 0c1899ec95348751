"""The real application on a real port, in a thread of this process."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import uvicorn
from litestar import Litestar

from tandem.app.asgi import create_app, equip
from tandem.app.loading import hold_collector, keep_what_is_loaded
from tandem.app.reference import NOWHERE
from tandem.app.settings import Settings
from tandem.app.wire import OneWrite
from tests.waiting import until


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """Yields the base URL; the server has stopped when the block ends. One at a time."""
    app = _application()
    equip(app.state, settings, None)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            app,
            http=OneWrite,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        until(lambda: server.started or not thread.is_alive())
        assert server.started, "the application did not start"
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(5)


@cache
def _application() -> Litestar:
    """Setting up its routes takes a second of CPU: once for all servers of a process."""
    hold_collector()
    made = create_app(NOWHERE)
    keep_what_is_loaded()
    return made
