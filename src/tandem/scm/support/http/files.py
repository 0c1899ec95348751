"""Files of a complaint."""

from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath, MultipartBody

from tandem.kernel.blobs import Blobs
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import Given, Now, Transaction, refusals
from tandem.kernel.pages import Page
from tandem.scm.support import service
from tandem.scm.support.domain.complaints import ComplaintClosed
from tandem.scm.support.domain.files import (
    File,
    FileNotReady,
    FileRefused,
    FileTooLarge,
    TooManyFiles,
    headers_of,
)
from tandem.scm.support.domain.statuses import Origin, Visibility


class Upload(msgspec.Struct, kw_only=True):
    """One file; internal unless it says `public`."""

    file: UploadFile
    visibility: Visibility = Visibility.INTERNAL


class ComplaintFilesController(Controller):
    path = "/v1/complaints/{complaint_id:uuid}/files"
    tags = ("support",)

    @get("/", responses=refusals(Forbidden, NotFound))
    async def list_files(self, complaint_id: FromPath[UUID], tx: Transaction) -> Page[File]:
        """Oldest first; 50 at most."""
        await service.get_complaint(tx, complaint_id)
        return Page(items=await service.list_files(tx, complaint_id))

    @post(
        "/",
        responses=refusals(
            Forbidden, NotFound, ComplaintClosed, FileRefused, FileTooLarge, TooManyFiles, Invalid
        ),
    )
    async def add_file(
        self,
        complaint_id: FromPath[UUID],
        data: MultipartBody[Upload],
        tx: Transaction,
        resources: Given,
        now: Now,
    ) -> File:
        """Photos, videos, PDF, plain text, known by their content. The same bytes again answer the
        file that is there."""
        tx.actor.require("support.write")
        return await service.add_file(
            tx,
            resources.get(Blobs),
            complaint_id=complaint_id,
            content=await data.file.read(),
            filename=data.file.filename or "file",
            visibility=data.visibility,
            origin=Origin.STAFF,
            now=now,
        )

    @get(
        "/{file_id:uuid}",
        media_type="application/octet-stream",
        responses=refusals(Forbidden, NotFound, FileNotReady),
    )
    async def read_file(
        self,
        complaint_id: FromPath[UUID],
        file_id: FromPath[UUID],
        tx: Transaction,
        resources: Given,
    ) -> Response[bytes]:
        file, content = await service.read_file(
            tx, resources.get(Blobs), complaint_id=complaint_id, file_id=file_id
        )
        return Response(content, media_type=file.media_type, headers=headers_of(file))
