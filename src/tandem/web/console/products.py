"""Products: the list, a product, and changing it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath

from tandem.contracts.invoicing import TAX_CLASSES
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.fields import FieldKept, is_kept
from tandem.kernel.http import Now, Transaction, check_if_match
from tandem.scm.catalog import service as catalog
from tandem.scm.catalog.domain import (
    COLUMNS as SHEET_COLUMNS,
)
from tandem.scm.catalog.domain import (
    UNITS,
    NewProduct,
    NewVariant,
    Product,
    ProductChange,
    VariantChange,
)
from tandem.scm.inventory import service as inventory
from tandem.web.console.forms import (
    NO_PROBLEM,
    Problem,
    convert,
    decimal_text,
    minor_of,
    problem_of,
    read_form,
)
from tandem.web.console.lists import Column, Filter, listing, read_state
from tandem.web.console.views import views_of
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]

COLUMNS = (
    Column(key="title", label="Product", is_lead=True),
    Column(key="sku", label="SKU"),
    Column(key="category", label="Category"),
    Column(key="brand", label="Brand", is_shown=False),
    Column(key="hsn", label="HSN", is_shown=False),
    Column(key="status", label="Status", is_mark=True),
    Column(key="available", label="Available", is_number=True),
    Column(key="price", label="Price", is_number=True, is_corner=True),
)
FILTERS = (Filter(key="active", label="Sale", options=(("yes", "On sale"), ("no", "Off sale"))),)
VIEWS = (("All", ""), ("On sale", "active=yes"), ("Off sale", "active=no"))
WORDS: Mapping[str, str] = {
    name: f"This needs {said}." for name, (_, said) in SHEET_COLUMNS.items()
}
OF_PRODUCT = ("title", "description", "brand", "category")
OF_VARIANT = ("label", "hsn", "unit", "tax_class", "barcode")
MEASURES = ("weight_grams", "length_mm", "width_mm", "height_mm")


class ProductsPage(Controller):
    path = "/products"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        state = read_state(request, COLUMNS, FILTERS)
        found = await catalog.list_products(
            tx,
            text=state.search,
            is_active={"yes": True, "no": False}.get(state.values.get("active", "")),
            limit=state.limit,
            cursor=state.cursor,
        )
        views = await views_of(tx, state, VIEWS)
        return page(
            request,
            "console/products.html",
            listing=listing(state, found, views),
            available=await _available(tx, found.items),
        )

    @get("/new")
    async def new(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        tx.actor.require("catalog.write")
        return _form(request, title="New product", action="/products", up="/products")

    @post()
    async def add(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        try:
            variant = _new_variant(tx, form)
            values = {name: form.get(name, "") for name in OF_PRODUCT} | {"variants": [variant]}
            product = await catalog.create_product(tx, convert(values, NewProduct, WORDS), now=now)
        except Refusal as refusal:
            return _form(
                request,
                title="New product",
                action="/products",
                up="/products",
                problem=problem_of(refusal, form),
                status=refusal.status,
            )
        to = f"/products/{product.id}"
        return redirect(request, to, toast=f"{product.title} is in the catalogue.", link=to)


class ProductPage(Controller):
    path = "/products/{product_id:uuid}"
    include_in_schema = False

    @get()
    async def show(
        self, request: AnyRequest, product_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        product = await catalog.get_product(tx, product_id)
        shelves = []
        if tx.actor.may("inventory.read"):
            for variant in product.variants[:50]:
                shelves += (await inventory.list_stock(tx, sku=variant.sku, limit=50)).items
        return page(request, "console/product.html", product=product, shelves=shelves)

    @get("/edit")
    async def edit(
        self, request: AnyRequest, product_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        tx.actor.require("catalog.write")
        product = await catalog.get_product(tx, product_id)
        return _product_form(request, product)

    @post("/edit")
    async def change(
        self, request: AnyRequest, product_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        product = await catalog.lock_product(tx, product_id)
        try:
            check_if_match(form.get("version"), product.version)
            change = convert({n: form.get(n, "") for n in OF_PRODUCT}, ProductChange, WORDS)
            await catalog.change_product(tx, product, change, now=now)
        except Refusal as refusal:
            return _product_form(request, product, problem_of(refusal, form), refusal.status)
        return redirect(request, f"/products/{product_id}", toast="The product is saved.")

    @get("/variants/new")
    async def new_variant(
        self, request: AnyRequest, product_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        tx.actor.require("catalog.write")
        return _variant_form(request, await catalog.get_product(tx, product_id))

    @post("/variants")
    async def add_variant(
        self, request: AnyRequest, product_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        product = await catalog.lock_product(tx, product_id)
        try:
            variant = convert(_new_variant(tx, form), NewVariant, WORDS)
            await catalog.add_variants(tx, product, [variant], now=now)
        except Refusal as refusal:
            return _variant_form(request, product, problem_of(refusal, form), refusal.status)
        return redirect(request, f"/products/{product_id}", toast=f"{variant.sku} is added.")

    @post("/activation")
    async def activate(
        self, request: AnyRequest, product_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        is_active = form.get("is_active") == "true"
        product = await catalog.lock_product(tx, product_id)
        await catalog.set_active(tx, product.variants, is_active=is_active, now=now)
        said = f"{product.title} is {'on' if is_active else 'off'} sale."
        return redirect(request, f"/products/{product_id}", toast=said)


class VariantPage(Controller):
    path = "/variants/{variant_id:uuid}"
    include_in_schema = False

    @get("/edit")
    async def edit(
        self, request: AnyRequest, variant_id: FromPath[UUID], tx: Transaction
    ) -> Response[Any]:
        tx.actor.require("catalog.write")
        variant = await catalog.get_variant(tx, variant_id)
        return await _change_form(request, tx, variant.product_id, variant_id)

    @post("/edit")
    async def change(
        self, request: AnyRequest, variant_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Any]:
        form = await read_form(request)
        variant = await catalog.lock_variant(tx, variant_id)
        try:
            check_if_match(form.get("version"), variant.version)
            given = _variant_values(form, variant.currency, has_price=not _keeps_price(tx))
            await catalog.change_variant(tx, variant, convert(given, VariantChange, WORDS), now=now)
            locked = await catalog.lock_variant(tx, variant_id)
            is_active = form.get("is_active") == "true"
            await catalog.set_active(tx, [locked], is_active=is_active, now=now)
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await _change_form(
                request, tx, variant.product_id, variant_id, problem, refusal.status
            )
        to = f"/products/{variant.product_id}"
        return redirect(request, to, toast=f"{variant.sku} is saved.")


def _keeps_price(tx: Tx) -> bool:
    return is_kept(tx.actor, "product.price_minor")


def _new_variant(tx: Tx, form: Mapping[str, str]) -> dict[str, Any]:
    """Nothing is sold without a price: who may not set one adds nothing."""
    if _keeps_price(tx):
        raise FieldKept("Your role does not set prices, and nothing new is without one.")
    values = _variant_values(form, "INR", has_price=True)
    is_active = form.get("is_active", "") == "true"
    return {**values, "sku": form.get("sku", ""), "is_active": is_active}


def _variant_values(form: Mapping[str, str], currency: str, *, has_price: bool) -> dict[str, Any]:
    values: dict[str, Any] = {name: form.get(name, "") for name in OF_VARIANT}
    values["barcode"] = values["barcode"] or None
    if has_price:
        values["price_minor"] = minor_of(form.get("price", ""), field="price", currency=currency)
    values["price_includes_tax"] = form.get("price_includes_tax", "") == "true"
    return values | {name: form.get(name) or "0" for name in MEASURES}


async def _available(tx: Tx, products: list[Product]) -> dict[UUID, int]:
    """What can be sold of each product, over its variants."""
    ids = [variant.id for product in products for variant in product.variants]
    free = await inventory.available(tx, ids) if ids else {}
    return {
        product.id: sum(free.get(variant.id, 0) for variant in product.variants)
        for product in products
    }


def _form(
    request: AnyRequest,
    *,
    title: str,
    action: str,
    up: str,
    values: Mapping[str, str] | None = None,
    parts: tuple[str, ...] = ("product", "variant"),
    sku: str = "",
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    return page(
        request,
        "console/product_form.html",
        status=status,
        title=title,
        action=action,
        up=up,
        parts=parts,
        sku=sku,
        values=values or {"price_includes_tax": "true", "is_active": "true"},
        problem=problem,
        units=[(unit, unit) for unit in sorted(UNITS)],
        tax_classes=TAX_CLASSES,
    )


def _product_form(
    request: AnyRequest, product: Product, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    values = {name: str(getattr(product, name)) for name in (*OF_PRODUCT, "version")}
    to = f"/products/{product.id}"
    return _form(
        request,
        title=f"Edit {product.title}",
        action=f"{to}/edit",
        up=to,
        values=values,
        parts=("product",),
        problem=problem,
        status=status,
    )


def _variant_form(
    request: AnyRequest, product: Product, problem: Problem = NO_PROBLEM, status: int = 200
) -> Response[Any]:
    to = f"/products/{product.id}"
    return _form(
        request,
        title=f"New variant of {product.title}",
        action=f"{to}/variants",
        up=to,
        parts=("variant",),
        problem=problem,
        status=status,
    )


async def _change_form(
    request: AnyRequest,
    tx: Tx,
    product_id: UUID,
    variant_id: UUID,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    variant = await catalog.get_variant(tx, variant_id)
    names = (*OF_VARIANT, *MEASURES, "version")
    values = {name: str(getattr(variant, name) or "") for name in names}
    values |= {
        "price": decimal_text(variant.price_minor, variant.currency),
        "price_includes_tax": str(variant.price_includes_tax).lower(),
        "is_active": str(variant.is_active).lower(),
    }
    return _form(
        request,
        title=f"Edit {variant.sku}",
        action=f"/variants/{variant_id}/edit",
        up=f"/products/{product_id}",
        values=values,
        parts=("variant",),
        sku=variant.sku,
        problem=problem,
        status=status,
    )
