"""The provider of other people's make, and our way to it over loopback."""

from collections.abc import Iterator

import pytest

from tandem.crm.identity.gateways.oidc import OpenIdGateway
from tandem.kernel.guard import Guard
from tests.identity.openid import run_provider
from tests.identity.provided import BACK


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with run_provider(BACK) as running:
        yield running


@pytest.fixture
def gateway() -> OpenIdGateway:
    return OpenIdGateway(Guard(["127.0.0.0/8"]))
