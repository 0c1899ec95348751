"""`tandem serve`: uvicorn with the settings that suit the suite."""

import os
import resource
import socket

import uvicorn

from tandem.app.asgi import create_app
from tandem.app.loading import hold_collector, keep_what_is_loaded
from tandem.app.logs import configure_logs
from tandem.app.settings import Settings
from tandem.app.wire import OneWrite

STOP_SECONDS = 3
FILES_WANTED = 65_536
"""Open files for one process: each page that watches is one, and a shell often gives 1,024."""


def serve(settings: Settings, *, host: str, port: int, listener: int | None = None) -> int:
    """Serve until SIGTERM; open streams get three seconds to end.

    `listener` is the descriptor of a listening socket that outlives this process: callers wait
    while the next one starts. It takes the place of `host` and `port`.
    """
    hold_collector()
    allow_many_files()
    configure_logs(settings.log_level, "web")
    config = uvicorn.Config(
        create_app(settings),
        host=host,
        port=port,
        loop="uvloop",
        http=OneWrite,
        ws="websockets-sansio",
        access_log=False,
        log_config=None,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=STOP_SECONDS,
        server_header=False,
        backlog=4096,
    )
    keep_what_is_loaded()
    given = None if listener is None else [socket.socket(fileno=listener)]
    server = uvicorn.Server(config)
    server.run(sockets=given)
    return os.EX_OK if server.started else os.EX_UNAVAILABLE


def allow_many_files() -> int:
    """Take as many of `FILES_WANTED` as the machine lets this process have; returns how many."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if most == resource.RLIM_INFINITY else min(FILES_WANTED, most)
    if allowed == resource.RLIM_INFINITY or allowed >= wanted:
        return allowed
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    return wanted
