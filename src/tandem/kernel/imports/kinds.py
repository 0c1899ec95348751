"""What one kind of record has of its own when it comes from a file."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple

from tandem.kernel.db import Tx
from tandem.kernel.events import Event
from tandem.kernel.imports.shapes import Chunk, Done, ImportJob, ImportMapping, Row
from tandem.kernel.sheets import SheetWrong


class OwnField(NamedTuple):
    """A field that the company defined: `custom.<key>` in a mapping."""

    key: str
    label: str


class Kind(ABC):
    name: ClassVar[str]
    """Kept with every job, and never changed."""
    things: ClassVar[str]
    """What people call them."""
    permission: ClassVar[str]
    job: ClassVar[str]
    """The job that calls `run` for this kind."""
    fields: ClassVar[tuple[str, ...]]
    kept_by: ClassVar[Mapping[str, str]] = {}
    """A field to the field rule (`customer.phones`) that may keep it from whoever imports."""
    aliases: ClassVar[Mapping[str, str]]
    """A heading in lower case to the field it means."""
    chunk: ClassVar[int]
    """Rows in one transaction."""

    @abstractmethod
    async def own_fields(self, tx: Tx) -> Sequence[OwnField]: ...

    @abstractmethod
    async def take(self, tx: Tx, job: ImportJob, chunk: Chunk, *, now: datetime) -> Done:
        """Look through the rows and, when the job runs, write the good ones. A job that is only
        checking leaves nothing behind."""

    @abstractmethod
    async def give_back(self, tx: Tx, rows: Sequence[Row], *, now: datetime) -> set[int]:
        """Take back what these rows wrote, the last first, where nobody touched it since; the
        numbers of those that went back."""

    @abstractmethod
    def failed(self, job: ImportJob, said: str) -> Event:
        """Told when a file could not be read to its end."""

    def rules_of(self, mapping: Mapping[str, str]) -> dict[str, str]:
        """The field rule of each column that has one."""
        return {
            column: self.kept_by[field]
            for column, field in mapping.items()
            if field in self.kept_by
        }

    def guess(self, columns: Sequence[str], own: Sequence[OwnField]) -> dict[str, str]:
        """What the headings most likely mean; the person decides."""
        fields = {field.label.lower(): f"custom.{field.key}" for field in own}
        fields |= {f"custom.{field.key}": f"custom.{field.key}" for field in own}
        found: dict[str, str] = {}
        for column in columns:
            name = column.lower().replace("_", " ").strip()
            field = self.aliases.get(name) or fields.get(column.lower()) or name.replace(" ", "_")
            is_known = field in self.fields or field in fields.values()
            if column and is_known and field not in found.values():
                found[column] = field
        return found

    def check_mapping(
        self, mapping: ImportMapping, columns: Sequence[str], own: Sequence[OwnField]
    ) -> None:
        known = {*self.fields, *(f"custom.{field.key}" for field in own)}
        for column, field in mapping.columns.items():
            if column not in columns:
                raise SheetWrong(f"The file has no column {column!r}.", field="columns")
            if field not in known:
                raise SheetWrong(
                    f"{self.things.capitalize()} have no field {field!r}.", field="columns"
                )
        fields = list(mapping.columns.values())
        if len(set(fields)) != len(fields):
            raise SheetWrong("Two columns are meant for one field.", field="columns")
        if mapping.key and mapping.key not in fields:
            raise SheetWrong(f"No column is the key {mapping.key!r}.", field="key")
