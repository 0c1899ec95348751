"""Complaints for whoever holds a link: complain, follow, answer, say how it went."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.datastructures import UploadFile
from litestar.params import FromPath, JSONBody, MultipartBody

from tandem.flows import complaints_public as public
from tandem.flows.complaints_public import Picture, TooManyComplaints, Words
from tandem.kernel.blobs import Blobs
from tandem.kernel.errors import Gone, Invalid, NotFound
from tandem.kernel.http import PUBLIC, Given, Now, Store, limited, refusals
from tandem.kernel.limits import Limit
from tandem.kernel.pages import Page
from tandem.kernel.patterns import whole
from tandem.scm.support.domain.complaints import ComplaintClosed, Key, Note, NotResolved
from tandem.scm.support.domain.files import (
    MIB,
    FileNotReady,
    FileRefused,
    FileTooLarge,
    TooManyFiles,
    headers_of,
)
from tandem.scm.support.domain.public import PublicComplaint, PublicHead

COMPLAIN_LIMIT = Limit(name="complain", count=10, seconds=600)
ANSWER_LIMIT = Limit(name="complaint_answer", count=30, seconds=600)
FILE_READ_MAX = 21 * MIB
NO_STORE = {"cache-control": "no-store"}

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=5_000, pattern=r"^[^\x00]*\S[^\x00]*$")]
FormId = Annotated[str, msgspec.Meta(max_length=64, pattern=whole(r"[A-Za-z0-9_-]*"))]


class Complaining(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same `form_id` again answers the complaint that is there."""

    category: Key
    body: Text
    form_id: FormId = ""


class Answering(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    body: Text
    form_id: FormId = ""


class Rating(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    rating: Annotated[int, msgspec.Meta(ge=1, le=5)]
    note: Note = ""


class Attachment(msgspec.Struct, kw_only=True):
    file: UploadFile


class PublicComplaintsController(Controller):
    path = "/v1/public"
    tags = ("public",)

    @get("/track/{token:str}/complaints", opt=PUBLIC, responses=refusals(NotFound, Gone))
    async def list_complaints(
        self, token: FromPath[str], database: Store, now: Now
    ) -> Response[Page[PublicHead]]:
        """What was complained about with this order, newest first."""
        found = await public.find_tracking_token(database, token, now)
        async with database.transaction(public.buyer(found.org_id)) as tx:
            return Response(Page(items=await public.list_public(tx, found)), headers=NO_STORE)

    @post(
        "/track/{token:str}/complaints",
        opt={**PUBLIC, **limited(COMPLAIN_LIMIT)},
        responses=refusals(NotFound, Gone, Invalid, TooManyComplaints),
    )
    async def complain(
        self,
        token: FromPath[str],
        data: JSONBody[Complaining],
        database: Store,
        resources: Given,
        now: Now,
    ) -> Response[PublicHead]:
        """Something is wrong with this order."""
        found = await public.find_tracking_token(database, token, now)
        words = Words(category=data.category, body=data.body, form_id=data.form_id)
        async with database.transaction(public.buyer(found.org_id)) as tx:
            complaint = await public.complain(tx, resources.get(Blobs), found, words, now=now)
            heads = await public.list_public(tx, found)
        (head,) = [one for one in heads if one.token == complaint.public_token]
        return Response(head, status_code=201, headers=NO_STORE)

    @get("/complaints/{token:str}", opt=PUBLIC, responses=refusals(NotFound))
    async def get_complaint(
        self, token: FromPath[str], database: Store, now: Now
    ) -> Response[PublicComplaint]:
        found = await public.find_complaint_token(database, token, now)
        async with database.transaction(public.buyer(found.org_id)) as tx:
            return Response(await public.read_public(tx, found), headers=NO_STORE)

    @post(
        "/complaints/{token:str}/messages",
        opt={**PUBLIC, **limited(ANSWER_LIMIT)},
        responses=refusals(NotFound, ComplaintClosed, Invalid),
    )
    async def answer(
        self,
        token: FromPath[str],
        data: JSONBody[Answering],
        database: Store,
        resources: Given,
        now: Now,
    ) -> Response[PublicComplaint]:
        """A resolved complaint opens again."""
        found = await public.find_complaint_token(database, token, now)
        words = Words(category="", body=data.body, form_id=data.form_id)
        async with database.transaction(public.buyer(found.org_id)) as tx:
            seen = await public.answer(tx, resources.get(Blobs), found, words, now=now)
        return Response(seen, status_code=201, headers=NO_STORE)

    @post(
        "/complaints/{token:str}/files",
        opt={**PUBLIC, **limited(ANSWER_LIMIT)},
        responses=refusals(
            NotFound, ComplaintClosed, FileRefused, FileTooLarge, TooManyFiles, Invalid
        ),
    )
    async def attach(
        self,
        token: FromPath[str],
        data: MultipartBody[Attachment],
        database: Store,
        resources: Given,
        now: Now,
    ) -> Response[PublicComplaint]:
        """A photo, a video or a PDF. The same again changes nothing."""
        found = await public.find_complaint_token(database, token, now)
        content = await data.file.read(FILE_READ_MAX)
        picture = Picture(filename=data.file.filename or "file", content=content)
        words = Words(category="", body="", pictures=[picture])
        async with database.transaction(public.buyer(found.org_id)) as tx:
            seen = await public.answer(tx, resources.get(Blobs), found, words, now=now)
        return Response(seen, status_code=201, headers=NO_STORE)

    @get(
        "/complaints/{token:str}/files/{file_id:uuid}",
        opt=PUBLIC,
        media_type="application/octet-stream",
        responses=refusals(NotFound, FileNotReady),
    )
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

    @put(
        "/complaints/{token:str}/rating",
        opt={**PUBLIC, **limited(ANSWER_LIMIT)},
        responses=refusals(NotFound, NotResolved, Invalid),
    )
    async def rate(
        self, token: FromPath[str], data: JSONBody[Rating], database: Store, now: Now
    ) -> Response[PublicComplaint]:
        """How it went, one to five, once it is resolved. A later answer replaces an earlier one."""
        found = await public.find_complaint_token(database, token, now)
        async with database.transaction(public.buyer(found.org_id)) as tx:
            seen = await public.rate(tx, found, rating=data.rating, note=data.note, now=now)
        return Response(seen, headers=NO_STORE)
