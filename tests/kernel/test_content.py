"""A body in a form that nobody reads is refused as such, before anything looks at it."""

import gzip
import json

import httpx2 as httpx
import pytest

TEA = json.dumps(
    {
        "title": "Tea",
        "variants": [{"sku": "T-1", "hsn": "0902", "tax_class": "merit", "price_minor": 1}],
    }
).encode()
OTHER, PACKED = "unsupported_media_type", "unsupported_content_encoding"


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 201, None),
        ({"content-type": ""}, 201, None),
        ({"content-type": "Application/JSON; charset=utf-8"}, 201, None),
        ({"content-type": "application/vnd.api+json"}, 201, None),
        ({"content-type": "application/json", "content-encoding": "Identity"}, 201, None),
        ({"content-type": "text/plain"}, 415, OTHER),
        ({"content-type": "application/xml"}, 415, OTHER),
        ({"content-type": "application/x-www-form-urlencoded"}, 415, OTHER),
        ({"content-type": "multipart/form-data; boundary=x"}, 415, OTHER),
        ({"content-type": "application/msgpack"}, 415, OTHER),
        ({"content-type": "application/json", "content-encoding": "gzip"}, 415, PACKED),
        ({"content-type": "application/json", "content-encoding": "br, gzip"}, 415, PACKED),
    ],
)
async def test_json_says_so_or_nothing_and_is_not_compressed(
    client: httpx.AsyncClient, headers: dict[str, str], status: int, code: str | None
) -> None:
    body = gzip.compress(TEA) if code == PACKED else TEA
    answer = await client.post("/v1/products", content=body, headers=headers)
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert answer.headers.get("accept-encoding") == ("identity" if code == PACKED else None)
    kept = (await client.get("/v1/products")).json()["items"]
    assert len(kept) == (status == 201)


async def test_a_body_is_called_one_thing(client: httpx.AsyncClient) -> None:
    twice = [("content-type", "application/json"), ("content-type", "text/plain")]
    for headers in (twice, twice[::-1]):
        answer = await client.post("/v1/products", content=TEA, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (415, OTHER)
    assert (await client.get("/v1/products")).json()["items"] == []


async def test_a_sheet_or_a_webhook_is_not_compressed_either_and_an_empty_body_is_told(
    client: httpx.AsyncClient,
) -> None:
    packed = {"content-encoding": "gzip", "content-type": "text/csv"}
    for path in ("/v1/product-imports", "/v1/webhooks/razorpay"):
        answer = await client.post(path, content=gzip.compress(b"sku\n"), headers=packed)
        assert (answer.status_code, answer.json()["code"]) == (415, PACKED)
    told = (await client.post("/v1/products", content=b"")).json()
    assert (told["status"], told["detail"]) == (422, "The body is empty. Send it as JSON.")
