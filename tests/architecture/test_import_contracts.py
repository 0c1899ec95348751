"""Every contract of .importlinter is seen broken by one import, and kept without it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EVERY_LAYER = ("app", "web", "sandbox", "flows", "scm", "crm", "contracts", "kernel")
ANATOMY = ("http", "handlers", "jobs", "service", "store", "gateways", "domain")


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A package of empty modules with the suite's names: two services in each half."""
    modules = [f"{layer}.__init__" for layer in EVERY_LAYER]
    modules += ["__init__", "kernel.db", "contracts.orders", "app.wiring", "web.pages"]
    modules += ["flows.place_order", "sandbox.razorpay"]
    for service in ("scm.orders", "scm.inventory", "crm.customers", "crm.identity"):
        modules += [f"{service}.{name}" for name in ("__init__", *ANATOMY)]
    for module in modules:
        file = tmp_path / "tandem" / f"{module.replace('.', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return tmp_path


def lint(suite: Path) -> str:
    command = "from importlinter.cli import lint_imports_command as run; run()"
    answer = subprocess.run(
        [sys.executable, "-c", command, "--config", str(ROOT / ".importlinter"), "--no-cache"],
        cwd=suite,
        env=os.environ | {"PYTHONPATH": str(suite), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode in {0, 1}, answer.stderr
    return answer.stdout


def test_the_anatomy_by_itself_breaks_no_contract(suite: Path) -> None:
    assert "8 kept, 0 broken" in lint(suite)


@pytest.mark.parametrize(
    ("importer", "imported", "contract"),
    [
        ("kernel.db", "tandem.contracts.orders", "The suite's layers"),
        ("contracts.orders", "tandem.scm.orders.domain", "The suite's layers"),
        ("scm.orders.service", "tandem.flows.place_order", "The suite's layers"),
        ("scm.orders.service", "tandem.crm.customers.service", "The suite's layers"),
        ("flows.place_order", "tandem.web.pages", "The suite's layers"),
        ("web.pages", "tandem.app.wiring", "The suite's layers"),
        ("web.pages", "tandem.sandbox.razorpay", "The suite's layers"),
        (
            "scm.orders.service",
            "tandem.scm.inventory.service",
            "No service imports another service",
        ),
        ("crm.customers.domain", "tandem.crm.identity.domain", "No service imports another"),
        ("scm.orders.service", "tandem.scm.orders.http", "A service's anatomy"),
        ("scm.orders.store", "tandem.scm.orders.service", "A service's anatomy"),
        ("scm.orders.store", "tandem.scm.orders.gateways", "A service's anatomy"),
        ("crm.identity.domain", "tandem.crm.identity.store", "A service's anatomy"),
        ("crm.identity.http", "tandem.crm.identity.jobs", "A service's anatomy"),
        ("scm.orders.domain", "tandem.kernel.db", "A domain knows no database"),
        ("scm.orders.domain", "litestar", "A domain knows no database"),
        ("scm.orders.gateways", "tandem.kernel.db", "A gateway never takes part"),
        ("scm.orders.store", "asyncpg", "Only the kernel and the composition root"),
        ("flows.place_order", "tandem.scm.orders.store", "Flows and pages use"),
        ("web.pages", "tandem.crm.customers.gateways", "Flows and pages use"),
        ("sandbox.razorpay", "tandem.scm.orders.domain", "The stand-ins know nothing"),
    ],
)
def test_one_import_the_wrong_way_breaks_its_contract(
    suite: Path, importer: str, imported: str, contract: str
) -> None:
    (suite / "tandem" / f"{importer.replace('.', '/')}.py").write_text(f"import {imported}\n")
    broken = [line for line in lint(suite).splitlines() if line.endswith("BROKEN")]
    assert any(line.startswith(contract) for line in broken), broken


def test_a_new_name_inside_a_service_is_added_on_purpose(suite: Path) -> None:
    (suite / "tandem/scm/orders/utils.py").touch()
    assert "A service's anatomy BROKEN" in lint(suite)
