"""Every HTTP route of the suite. A service adds its controllers here."""

from typing import Any

from tandem.app.health import healthz, metrics, readyz
from tandem.crm.identity.http import IdentityController
from tandem.scm.catalog.http import ProductController, VariantController
from tandem.scm.inventory.http import InventoryController
from tandem.scm.orders.http import OrdersController

ROUTES: list[Any] = [
    healthz,
    readyz,
    metrics,
    IdentityController,
    ProductController,
    VariantController,
    InventoryController,
    OrdersController,
]
