"""Every page. An area adds its controllers here."""

from typing import Any

from tandem.web.console.live import LiveController
from tandem.web.console.order_page import OrderPage
from tandem.web.console.orders import OrdersPage
from tandem.web.files import static_file
from tandem.web.signing_in import SigningIn

PAGES: list[Any] = [static_file, SigningIn, LiveController, OrdersPage, OrderPage]
