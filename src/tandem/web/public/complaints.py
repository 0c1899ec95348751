"""Something is wrong: the buyer's form on the tracking page, and the page to follow it."""

import secrets
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from tandem.flows import complaints_public as public
from tandem.flows.complaints_public import Picture, Words
from tandem.flows.http.public_complaints import (
    ANSWER_LIMIT,
    COMPLAIN_LIMIT,
    FILE_READ_MAX,
)
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Database
from tandem.kernel.errors import Gone, NotFound, Refusal
from tandem.kernel.http import PUBLIC, Given, Now, Store, limited
from tandem.kernel.tokens import Token
from tandem.scm.support.domain.files import SHOWN_INLINE, headers_of
from tandem.web.company import find_company
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
PICTURES_MAX = 5
TEXT_LENGTH_MAX = 5_000
STATE_WORDS = {
    "received": "We have it",
    "in_work": "We are working on it",
    "waiting_for_you": "We wait for your answer",
    "resolved": "Resolved",
    "closed": "Closed",
}
RATINGS = ((5, "Very good"), (4, "Good"), (3, "All right"), (2, "Bad"), (1, "Very bad"))


class ComplaintPages(Controller):
    include_in_schema = False

    @get("/track/{token:str}/complaint", opt=PUBLIC)
    async def show_form(
        self, token: FromPath[str], request: AnyRequest, database: Store, now: Now
    ) -> Response[Any]:
        try:
            found = await public.find_tracking_token(database, token, now)
        except (NotFound, Gone) as refusal:
            return _ended(request, refusal)
        words = Words(category="", body="", form_id=secrets.token_urlsafe(12))
        return await _form_page(request, database, token, found, words)

    @post(
        "/track/{token:str}/complaint",
        opt={**PUBLIC, **limited(COMPLAIN_LIMIT)},
        status_code=200,
    )
    async def complain(
        self,
        token: FromPath[str],
        request: AnyRequest,
        database: Store,
        resources: Given,
        now: Now,
    ) -> Response[Any]:
        """Opens one however often the button is pressed; refused, the form keeps its words."""
        try:
            found = await public.find_tracking_token(database, token, now)
        except (NotFound, Gone) as refusal:
            return _ended(request, refusal)
        words = await _words(request)
        try:
            async with database.transaction(public.buyer(found.org_id)) as tx:
                opened = await public.complain(tx, resources.get(Blobs), found, words, now=now)
        except Refusal as refusal:
            return await _form_page(request, database, token, found, words, refusal)
        return redirect(request, f"/complaint/{opened.public_token}")

    @get("/complaint/{token:str}", opt=PUBLIC)
    async def show(
        self, token: FromPath[str], request: AnyRequest, database: Store, now: Now
    ) -> Response[Any]:
        return await _complaint_page(request, database, token, now)

    @post("/complaint/{token:str}", opt={**PUBLIC, **limited(ANSWER_LIMIT)}, status_code=200)
    async def answer(
        self,
        token: FromPath[str],
        request: AnyRequest,
        database: Store,
        resources: Given,
        now: Now,
    ) -> Response[Any]:
        found = await public.find_complaint_token(database, token, now)
        words = await _words(request)
        try:
            async with database.transaction(public.buyer(found.org_id)) as tx:
                await public.answer(tx, resources.get(Blobs), found, words, now=now)
        except NotFound:
            raise
        except Refusal as refusal:
            return await _complaint_page(request, database, token, now, refusal, words.body)
        return redirect(request, f"/complaint/{token}#latest")

    @post(
        "/complaint/{token:str}/rating",
        opt={**PUBLIC, **limited(ANSWER_LIMIT)},
        status_code=200,
    )
    async def rate(
        self, token: FromPath[str], request: AnyRequest, database: Store, now: Now
    ) -> Response[Any]:
        found = await public.find_complaint_token(database, token, now)
        form = await request.form()
        given = str(form.get("rating", ""))
        note = _text(form.get("note"))[:2_000]
        try:
            async with database.transaction(public.buyer(found.org_id)) as tx:
                rating = int(given) if given in {"1", "2", "3", "4", "5"} else 0
                await public.rate(tx, found, rating=rating, note=note, now=now)
        except NotFound:
            raise
        except Refusal as refusal:
            return await _complaint_page(request, database, token, now, refusal)
        return redirect(request, f"/complaint/{token}#rating")

    @get("/complaint/{token:str}/files/{file_id:uuid}", opt=PUBLIC)
    async def read_file(
        self,
        token: FromPath[str],
        file_id: FromPath[UUID],
        database: Store,
        resources: Given,
        now: Now,
    ) -> Response[bytes]:
        found = await public.find_complaint_token(database, token, now)
        async with database.transaction(public.buyer(found.org_id)) as tx:
            file, content = await public.read_picture(tx, resources.get(Blobs), found, file_id)
        return Response(content, media_type=file.media_type, headers=headers_of(file))


async def _words(request: AnyRequest) -> Words:
    form = await request.form()
    uploads = [one for one in form.getall("photos", []) if isinstance(one, UploadFile)]
    pictures = [
        Picture(filename=one.filename or "file", content=await one.read(FILE_READ_MAX))
        for one in uploads[:PICTURES_MAX]
        if one.filename
    ]
    form_id = _text(form.get("form_id"))
    return Words(
        category=_text(form.get("category"))[:40],
        body=_text(form.get("body"))[:TEXT_LENGTH_MAX],
        form_id=form_id[:64] if form_id.isascii() and form_id.isprintable() else "",
        pictures=pictures,
    )


def _text(value: Any) -> str:
    return value.replace("\x00", "") if isinstance(value, str) else ""


async def _form_page(
    request: AnyRequest,
    database: Database,
    token: str,
    found: Token,
    words: Words,
    refusal: Refusal | None = None,
) -> Response[Any]:
    async with database.transaction(public.buyer(found.org_id)) as tx:
        choices = await public.choices(tx)
        company = await find_company(tx)
    return page(
        request,
        "public/complain.html",
        status=refusal.status if refusal else 200,
        token=token,
        choices=choices,
        words=words,
        refusal=refusal,
        company=company,
    )


async def _complaint_page(
    request: AnyRequest,
    database: Database,
    token: str,
    now: datetime,
    refusal: Refusal | None = None,
    body: str = "",
) -> Response[Any]:
    try:
        found = await public.find_complaint_token(database, token, now)
        async with database.transaction(public.buyer(found.org_id)) as tx:
            complaint = await public.read_public(tx, found)
            company = await find_company(tx)
    except NotFound as unknown:
        return _ended(request, unknown)
    return page(
        request,
        "public/complaint.html",
        status=refusal.status if refusal else 200,
        token=token,
        complaint=complaint,
        state=STATE_WORDS[complaint.state],
        shown_inline=SHOWN_INLINE,
        ratings=RATINGS,
        form_id=secrets.token_urlsafe(12),
        refusal=refusal,
        body=body,
        company=company,
    )


def _ended(request: AnyRequest, refusal: Refusal) -> Response[Any]:
    return page(
        request, "public/link_unknown.html", status=refusal.status, refusal=refusal, company=None
    )
