"""In which form a request's body comes: one that the route does not read is refused as a 415."""

from typing import Any

from litestar.enums import RequestEncodingType

from tandem.kernel.errors import Refusal

WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class WrongMediaType(Refusal):
    status = 415
    code = "unsupported_media_type"


class WrongEncoding(Refusal):
    """RFC 9110, 15.5.16: the answer says which encodings are read."""

    status = 415
    code = "unsupported_content_encoding"


def check_content(scope: Any) -> None:
    """A body is not compressed, and JSON says so or nothing: what is read as JSON under another
    name would go by whoever looks at JSON bodies on the way."""
    if scope["method"] not in WITH_BODY:
        return
    encoding = ", ".join(headers(scope, b"content-encoding"))
    if encoding not in {"", "identity"}:
        refusal = WrongEncoding(
            f"A body that is encoded ({encoding[:40]}) is not read. Send it as it is,"
            " without Content-Encoding."
        )
        refusal.headers = {"Accept-Encoding": "identity"}
        raise refusal
    named = [value for value in headers(scope, b"content-type") if value]
    media = (named or [""])[0].partition(";")[0].strip()
    if len(named) > 1:
        raise WrongMediaType("Say once what the body is: there are two Content-Type headers.")
    if media and _takes_json(scope) and not is_json(media):
        raise WrongMediaType(
            f"This takes JSON, not {media[:80]}. Send it with Content-Type: application/json."
        )


def headers(scope: Any, name: bytes) -> list[str]:
    """Each value that is given, in lower case."""
    found = (value for key, value in scope["headers"] if key.lower() == name)
    return [str(value.decode("latin-1")).strip().lower() for value in found]


def is_json(media: str) -> bool:
    return media.endswith(("/json", "+json"))


def _takes_json(scope: Any) -> bool:
    field = getattr(scope["route_handler"], "parsed_data_field", None)
    told = getattr(field, "kwarg_definition", None) if field is not None else None
    return getattr(told, "media_type", None) == RequestEncodingType.JSON
