"""Who will leave, from a file, over HTTP. Nothing of the file is kept."""

from typing import Annotated

import msgspec
from litestar import Controller, post
from litestar.datastructures import UploadFile
from litestar.params import MultipartBody

from tandem.crm.analytics.domain.churn.report import ChurnReport
from tandem.crm.analytics.service.churning import FEW, report_on
from tandem.kernel.errors import Forbidden, Invalid, TooLarge
from tandem.kernel.http import COMPUTES, Acting, refusals
from tandem.kernel.http.access import limited

Said = Annotated[str, msgspec.Meta(max_length=200)]


class ChurnUpload(msgspec.Struct, kw_only=True):
    """A CSV file in UTF-8 with a line of names. `target` is the column that says who left,
    `positive` its value for those: without them a column named so (`Churn`, `Exited`), and `Yes`
    or 1."""

    file: UploadFile
    target: Said = ""
    positive: Said = ""


class ChurnController(Controller):
    path = "/v1/churn-reports"
    tags = ("analytics",)

    @post(
        status_code=200,
        opt={**COMPUTES, **limited(FEW)},
        responses=refusals(Forbidden, Invalid, TooLarge),
    )
    async def report(self, data: MultipartBody[ChurnUpload], actor: Acting) -> ChurnReport:
        """A model of who leaves, fitted on four fifths of the rows and judged by the others: beside
        saying the same of everybody, with a table of foretold against observed."""
        actor.require("analytics.read")
        content = await data.file.read()
        return await report_on(actor, content, target=data.target, positive=data.positive)
