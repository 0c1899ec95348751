"""OpenTelemetry when `TANDEM_OTLP_ENDPOINT` is set: one span a request, named by its route."""

from typing import Any

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from tandem.app.settings import Settings, SettingsWrong


def tracer_of(settings: Settings) -> Any:
    """A tracer that exports over OTLP/HTTP in batches. Needs the `otel` extra."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as reason:
        raise SettingsWrong(
            "TANDEM_OTLP_ENDPOINT needs `pip install 'tandem-suite[otel]'`."
        ) from reason
    provider = TracerProvider(resource=Resource.create({"service.name": "tandem"}))
    exporter = OTLPSpanExporter(endpoint=f"{settings.otlp_endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider.get_tracer("tandem")


class Trace(ASGIMiddleware):
    """A server span for each request; follows the caller's `traceparent`."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, tracer: Any) -> None:
        self._tracer = tracer

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind

        carrier = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        route = scope.get("path_template", "unknown")
        method = scope["method"] if scope["type"] == ScopeType.HTTP else "WS"
        with self._tracer.start_as_current_span(
            f"{method} {route}", context=extract(carrier), kind=SpanKind.SERVER
        ) as span:
            span.set_attribute("http.route", route)

            async def watch(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            await next_app(scope, receive, watch)
