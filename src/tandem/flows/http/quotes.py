"""Quotes over HTTP. The buyer's side is a page: web/public/quotes.py."""

import functools
from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from tandem.crm.sales import service
from tandem.crm.sales.domain.opportunities import NotOpen, escaped
from tandem.crm.sales.domain.quotes import (
    Acceptance,
    DraftExists,
    Filters,
    NewQuote,
    NotDraft,
    NotSent,
    NotWaiting,
    Quote,
    QuoteEnded,
    QuoteTerms,
    State,
)
from tandem.flows import win_opportunity
from tandem.flows.place_order.pricing import NotForSale, UnknownSku
from tandem.flows.quotes import writing
from tandem.flows.quotes.paper import PDF, PublicSite, lay_out
from tandem.kernel.blobs import Blobs
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.http import (
    Acting,
    Cursor,
    Given,
    IfMatch,
    LimitParameter,
    Now,
    Store,
    Transaction,
    check_if_match,
    etag,
    refusals,
)
from tandem.kernel.http.documents import pdf
from tandem.kernel.http.fields import shows_all
from tandem.kernel.pages import LIMIT_DEFAULT, Page
from tandem.scm.invoicing import service as invoicing

StateParameter = Annotated[State | None, QueryParameter(name="state")]
Typed = Annotated[str | None, QueryParameter(max_length=100, pattern=r"^[^\x00]*$")]


class QuotesController(Controller):
    path = "/v1/quotes"
    tags = ("sales",)

    @get(responses=refusals(Forbidden))
    async def list_quotes(
        self,
        tx: Transaction,
        in_state: StateParameter = None,
        opportunity_id: FromQuery[UUID | None] = None,
        customer_id: FromQuery[UUID | None] = None,
        is_waiting: FromQuery[bool | None] = None,
        q: Typed = None,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Page[Quote]:
        """Newest first, every version, without lines. `is_waiting` are those accepted whose order
        is not there yet."""
        filters = Filters(
            state=in_state,
            opportunity_id=opportunity_id,
            customer_id=customer_id,
            is_waiting=is_waiting,
            words=escaped(q),
        )
        return await service.list_quotes(tx, filters, limit=limit, cursor=cursor)

    @post(responses=refusals(Forbidden, NotFound, Invalid, UnknownSku, NotForSale, NotOpen))
    async def draft_quote(
        self, data: JSONBody[NewQuote], tx: Transaction, now: Now
    ) -> Response[Quote]:
        """A draft with the deal's lines and customer unless it says otherwise."""
        made = await writing.draft_quote(tx, data, now=now)
        return _answer(made, status=201)

    @get("/{quote_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_quote(self, quote_id: FromPath[UUID], tx: Transaction) -> Response[Quote]:
        """One version with its lines."""
        return _answer(await service.get_quote(tx, quote_id))

    @patch(
        "/{quote_id:uuid}",
        responses=refusals(
            Forbidden,
            NotFound,
            Invalid,
            UnknownSku,
            NotForSale,
            NotDraft,
            QuoteEnded,
            StaleVersion,
        ),
    )
    async def change_quote(
        self,
        quote_id: FromPath[UUID],
        data: JSONBody[QuoteTerms],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Quote]:
        """A draft only; what is left out stays. Lines are priced as given, else by catalogue."""
        changed = await writing.change_quote(
            tx,
            quote_id,
            data,
            is_current=functools.partial(check_if_match, if_match),
            now=now,
        )
        return _answer(changed)

    @post(
        "/{quote_id:uuid}/revisions",
        responses=refusals(Forbidden, NotFound, NotOpen, QuoteEnded, DraftExists),
    )
    async def revise_quote(
        self, quote_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Quote]:
        """The next version as a draft. This one stays open until that is sent."""
        return _answer(await writing.revise_quote(tx, quote_id, now=now), status=201)

    @post(
        "/{quote_id:uuid}/sending",
        responses=refusals(Forbidden, NotFound, Invalid, NotOpen, NotDraft),
    )
    async def send_quote(
        self, quote_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Quote]:
        """Its paper is kept and the buyer gets a link by e-mail and text. It changes no more."""
        return _answer(await writing.send_quote(tx, quote_id, now=now), status=201)

    @post(
        "/{quote_id:uuid}/acceptance",
        responses=refusals(Forbidden, NotFound, Invalid, NotSent, QuoteEnded),
    )
    async def accept_quote(
        self,
        quote_id: FromPath[UUID],
        data: JSONBody[Acceptance],
        tx: Transaction,
        now: Now,
    ) -> Response[Quote]:
        """The buyer said yes by other means. Its order follows at once, or as soon as it can."""
        await service.check_writable(tx, quote_id)
        accepted = await win_opportunity.accept_quote(tx, quote_id, data, now=now)
        return _answer(accepted, status=201)

    @post("/{quote_id:uuid}/order", responses=refusals(Forbidden, NotFound, NotWaiting))
    async def order_quote(
        self, quote_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Quote]:
        """Try the order of an accepted quote again now, without waiting for its turn."""
        return _answer(await win_opportunity.try_again(tx, quote_id, now=now), status=201)

    @post("/{quote_id:uuid}/withdrawal", responses=refusals(Forbidden, NotFound, NotWaiting))
    async def withdraw_quote(
        self, quote_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Quote]:
        """Give up the order of an accepted quote that cannot be made; a new version may be sent."""
        return _answer(await service.withdraw(tx, quote_id, now=now), status=201)

    @get(
        "/{quote_id:uuid}/pdf",
        media_type=PDF,
        opt=shows_all("quote"),
        responses=refusals(Forbidden, NotFound),
    )
    async def get_pdf(
        self,
        quote_id: FromPath[UUID],
        database: Store,
        resources: Given,
        actor: Acting,
        now: Now,
    ) -> Response[bytes]:
        """On A4. What was sent is kept as it was; a draft is printed as it stands."""
        async with database.transaction(actor) as tx:
            quote = await service.get_quote(tx, quote_id)
            if quote.pdf_blob_id is not None:
                _, content = await resources.get(Blobs).get(tx, quote.pdf_blob_id)
                return pdf(content, name=quote.label.replace(" ", "-"))
            base_url = resources.get(PublicSite).base_url
            paper = await lay_out(tx, quote, base_url=base_url, now=now)
        content = await invoicing.print_paper(paper.sheet, issued_at=paper.at)
        return pdf(content, name=quote.label.replace(" ", "-"))


def _answer(quote: Quote, *, status: int = 200) -> Response[Quote]:
    return Response(quote, status_code=status, headers=etag(quote.version))
