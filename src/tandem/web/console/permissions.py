"""Every permission there is, by service, as the roles' editor offers them."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import ModuleType

import tandem.crm
import tandem.scm


@cache
def known_permissions() -> Mapping[str, str]:
    """Permission → what it lets somebody do."""
    found: dict[str, str] = {}
    for half in (tandem.scm, tandem.crm):
        for service in pkgutil.iter_modules(half.__path__, f"{half.__name__}."):
            domain: ModuleType = importlib.import_module(f"{service.name}.domain")
            found |= domain.PERMISSIONS
    return dict(sorted(found.items()))


@cache
def by_service() -> Mapping[str, Mapping[str, str]]:
    services: dict[str, dict[str, str]] = {}
    for permission, meaning in known_permissions().items():
        services.setdefault(permission.partition(".")[0], {})[permission] = meaning
    return services
