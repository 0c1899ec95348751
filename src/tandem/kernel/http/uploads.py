"""Files sent as they are, without a form around them."""

from dataclasses import dataclass, field

from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType


@dataclass
class FileUpload(Operation):
    """Says in OpenAPI that the body is the file itself."""

    request_body: RequestBody | None = field(
        default_factory=lambda: RequestBody(
            content={
                "application/octet-stream": OpenAPIMediaType(
                    schema=Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
                )
            },
            required=True,
        )
    )
