"""What several datasets are cut by and show, written once."""

from typing import LiteralString

from tandem.crm.analytics.domain.catalogue.shapes import Amount, Dimension

COUNTS = Amount(kind="count")
OWNER = Dimension(label="Owner", sql="f.owner_id", kind="id", refers="person")
SKU = Dimension(label="SKU", sql="f.sku")
STATE = Dimension(label="State", sql="f.state_code", refers="state")


def texts(*names: LiteralString) -> dict[str, Dimension]:
    """Columns of plain words, each under its own name."""
    return {name: Dimension(label=name.capitalize(), sql="f." + name) for name in names}


def columns(*names: LiteralString) -> dict[str, LiteralString]:
    """Shown under the names that the table gives them."""
    return {name: "f." + name for name in names}
