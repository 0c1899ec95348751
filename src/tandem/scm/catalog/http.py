"""The catalogue over HTTP: products, variants, type-ahead, and spreadsheets in and out."""

import io
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, patch, post
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, RawBody
from litestar.response import Stream

from tandem.contracts.address import PRINTABLE
from tandem.contracts.catalog import VariantFacts
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion, TooLarge
from tandem.kernel.http import (
    LIMIT_DEFAULT,
    Acting,
    Cursor,
    IfMatch,
    LimitParameter,
    Now,
    Store,
    Transaction,
    check_if_match,
    etag,
    refusals,
)
from tandem.kernel.money import UnknownCurrency
from tandem.kernel.pages import Page
from tandem.kernel.patterns import whole
from tandem.scm.catalog import service
from tandem.scm.catalog.domain import (
    NewProduct,
    NewVariant,
    Product,
    ProductChange,
    SheetWrong,
    SkuTaken,
    UnknownTaxClass,
    Variant,
    VariantChange,
)
from tandem.scm.catalog.domain.sheets import BYTES_MAX
from tandem.scm.catalog.service.products import Sort

SearchText = Annotated[str, QueryParameter(max_length=100, pattern=PRINTABLE)]
TypedText = Annotated[str, QueryParameter(min_length=1, max_length=100, pattern=PRINTABLE)]
CategoryFilter = Annotated[str, QueryParameter(max_length=100, pattern=PRINTABLE)]
TaxClassFilter = Annotated[str, QueryParameter(max_length=32, pattern=whole("[a-z_]*"))]
FewParameter = Annotated[int, QueryParameter(ge=1, le=50)]


class NewVariants(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    variants: Annotated[list[NewVariant], msgspec.Meta(min_length=1, max_length=100)]


@dataclass
class SheetUpload(Operation):
    """Says in OpenAPI that the body is a CSV file."""

    request_body: RequestBody | None = field(
        default_factory=lambda: RequestBody(
            content={"text/csv": OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))},
            required=True,
        )
    )


class ProductController(Controller):
    path = "/v1"
    tags = ("catalog",)

    @post("/products", responses=refusals(Forbidden, SkuTaken, UnknownTaxClass, UnknownCurrency))
    async def create_product(
        self, data: JSONBody[NewProduct], tx: Transaction, now: Now
    ) -> Response[Product]:
        """Add a product with its variants."""
        product = await service.create_product(tx, data, now=now)
        return Response(product, headers=etag(product.version))

    @get("/products", responses=refusals(Forbidden, Invalid))
    async def list_products(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        search: SearchText = "",
        category: CategoryFilter = "",
        is_active: FromQuery[bool | None] = None,
    ) -> Page[Product]:
        """Products by title; `search` looks at titles, SKUs and barcodes."""
        return await service.list_products(
            tx, text=search, category=category, is_active=is_active, limit=limit, cursor=cursor
        )

    @get("/products/{product_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_product(self, product_id: FromPath[UUID], tx: Transaction) -> Response[Product]:
        product = await service.get_product(tx, product_id)
        return Response(product, headers=etag(product.version))

    @patch("/products/{product_id:uuid}", responses=refusals(Forbidden, NotFound, StaleVersion))
    async def change_product(
        self,
        product_id: FromPath[UUID],
        data: JSONBody[ProductChange],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Product]:
        """Change the fields given. Orders placed before keep what they copied."""
        product = await service.lock_product(tx, product_id)
        check_if_match(if_match, product.version)
        changed = await service.change_product(tx, product, data, now=now)
        return Response(changed, headers=etag(changed.version))

    @post(
        "/products/{product_id:uuid}/variants",
        responses=refusals(Forbidden, NotFound, SkuTaken, UnknownTaxClass, UnknownCurrency),
    )
    async def add_variants(
        self, product_id: FromPath[UUID], data: JSONBody[NewVariants], tx: Transaction, now: Now
    ) -> Product:
        """Add variants to a product; the answer is the whole product."""
        product = await service.lock_product(tx, product_id)
        return await service.add_variants(tx, product, data.variants, now=now)

    @post("/products/{product_id:uuid}/deactivation", responses=refusals(Forbidden, NotFound))
    async def deactivate_product(
        self, product_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Product:
        """Take every variant off sale."""
        product = await service.lock_product(tx, product_id)
        await service.set_active(tx, product.variants, is_active=False, now=now)
        return await service.get_product(tx, product_id)

    @post("/products/{product_id:uuid}/activation", responses=refusals(Forbidden, NotFound))
    async def activate_product(
        self, product_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Product:
        """Put every variant on sale."""
        product = await service.lock_product(tx, product_id)
        await service.set_active(tx, product.variants, is_active=True, now=now)
        return await service.get_product(tx, product_id)

    @post(
        "/product-imports",
        request_max_body_size=BYTES_MAX,
        operation_class=SheetUpload,
        responses=refusals(Forbidden, SheetWrong, TooLarge, SkuTaken),
    )
    async def import_products(
        self, body: RawBody, tx: Transaction, now: Now, dry_run: FromQuery[bool] = False
    ) -> service.ImportResult:
        """Import a CSV file (10 MB, 50,000 rows): new SKUs are created, known ones updated.

        Wrong rows are left out and told. With `dry_run` nothing is written.
        """
        return await service.import_products(tx, io.BytesIO(body), is_dry_run=dry_run, now=now)

    @get("/product-export", media_type="text/csv", responses=refusals(Forbidden))
    async def export_products(self, database: Store, actor: Acting) -> Stream:
        """Every variant as CSV, in the columns an import knows."""
        actor.require("catalog.read")
        return Stream(
            service.export_rows(database, actor),
            media_type="text/csv",
            headers={"content-disposition": 'attachment; filename="products.csv"'},
        )


class VariantController(Controller):
    path = "/v1/variants"
    tags = ("catalog",)

    @get("/", responses=refusals(Forbidden, Invalid))
    async def list_variants(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        search: SearchText = "",
        tax_class: TaxClassFilter = "",
        is_active: FromQuery[bool | None] = None,
        sort: FromQuery[Sort] = "title",
    ) -> Page[Variant]:
        """Everything that can be counted and priced."""
        return await service.list_variants(
            tx,
            text=search,
            tax_class=tax_class,
            is_active=is_active,
            sort=sort,
            limit=limit,
            cursor=cursor,
        )

    @get("/suggestions", responses=refusals(Forbidden))
    async def suggest_variants(
        self, tx: Transaction, text: TypedText, limit: FewParameter = 10
    ) -> list[VariantFacts]:
        """Type-ahead: active variants for a few typed letters, best first."""
        return await service.search(tx, text, limit)

    @get("/{variant_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_variant(self, variant_id: FromPath[UUID], tx: Transaction) -> Response[Variant]:
        variant = await service.get_variant(tx, variant_id)
        return Response(variant, headers=etag(variant.version))

    @patch(
        "/{variant_id:uuid}",
        responses=refusals(Forbidden, NotFound, StaleVersion, UnknownTaxClass, UnknownCurrency),
    )
    async def change_variant(
        self,
        variant_id: FromPath[UUID],
        data: JSONBody[VariantChange],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Variant]:
        """Change the fields given. Orders placed before keep what they copied."""
        variant = await service.lock_variant(tx, variant_id)
        check_if_match(if_match, variant.version)
        changed = await service.change_variant(tx, variant, data, now=now)
        return Response(changed, headers=etag(changed.version))

    @post("/{variant_id:uuid}/deactivation", responses=refusals(Forbidden, NotFound))
    async def deactivate_variant(
        self, variant_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Variant:
        """Take it off sale; what is ordered already is not touched."""
        variant = await service.lock_variant(tx, variant_id)
        await service.set_active(tx, [variant], is_active=False, now=now)
        return await service.get_variant(tx, variant_id)

    @post("/{variant_id:uuid}/activation", responses=refusals(Forbidden, NotFound))
    async def activate_variant(
        self, variant_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Variant:
        """Put it on sale again."""
        variant = await service.lock_variant(tx, variant_id)
        await service.set_active(tx, [variant], is_active=True, now=now)
        return await service.get_variant(tx, variant_id)
