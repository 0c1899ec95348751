"""What every signed webhook shares: its body as the documentation has it, and the answer."""

from dataclasses import dataclass

import msgspec
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema


class Received(msgspec.Struct, kw_only=True):
    status: str = "ok"


@dataclass
class WebhookOperation(Operation):
    """The sender's body, read as raw bytes because the signature is over them."""

    def __post_init__(self) -> None:
        body = OpenAPIMediaType(schema=Schema(type=OpenAPIType.OBJECT))
        self.request_body = RequestBody(content={"application/json": body}, required=True)
