"""structlog: one JSON line per event on stderr; no personal data, no secrets.

Services log ids, counts and kinds. What might still carry a secret is masked by name here.
"""

import logging
import sys

import structlog
from structlog.typing import EventDict, WrappedLogger

MASKED = frozenset(
    {"password", "secret", "token", "authorization", "cookie", "email", "phone", "code", "key"}
)


def mask(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {name: "********" if name in MASKED else value for name, value in event.items()}


def configure_logs(level: str, process: str) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            mask,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
