"""Records from CSV files: uploaded, mapped, looked through, taken in by a job, taken back.

The same for every kind of record; what differs is a `Kind`: its fields, how a row becomes a record
and how a record goes back. Whoever has one registers a job that calls `run`.
"""

from tandem.kernel.imports.forgetting import forget
from tandem.kernel.imports.kinds import Kind, OwnField
from tandem.kernel.imports.running import run
from tandem.kernel.imports.shapes import (
    Chunk,
    Done,
    ImportBusy,
    ImportJob,
    ImportMapping,
    Row,
    RowError,
    Told,
    WrongRow,
)
from tandem.kernel.imports.verbs import (
    bad_rows,
    check_import,
    first_told,
    get_import,
    list_imports,
    revert_import,
    run_import,
    upload,
)

__all__ = [
    "Chunk",
    "Done",
    "ImportBusy",
    "ImportJob",
    "ImportMapping",
    "Kind",
    "OwnField",
    "Row",
    "RowError",
    "Told",
    "WrongRow",
    "bad_rows",
    "check_import",
    "first_told",
    "forget",
    "get_import",
    "list_imports",
    "revert_import",
    "run",
    "run_import",
    "upload",
]
