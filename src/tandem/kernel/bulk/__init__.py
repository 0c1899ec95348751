"""One act on many records: each for itself, told what it came to, and taken back where it can be.

Few are done at once; many by a job, which goes on where a killed worker left off and does nothing
twice. The same for every kind of record; what differs is a `Kind`: how one record takes the act,
and how it goes back.
"""

from tandem.kernel.bulk.kinds import Act, Changed, Kind
from tandem.kernel.bulk.running import run
from tandem.kernel.bulk.shapes import (
    AT_ONCE,
    MANY_MAX,
    Asker,
    BulkBusy,
    BulkJob,
    BulkRow,
    Outcome,
    TooMany,
    asker_of,
)
from tandem.kernel.bulk.store import forget, forget_records
from tandem.kernel.bulk.verbs import JOB, begin, get_job, list_jobs, list_rows, take_back

__all__ = [
    "AT_ONCE",
    "JOB",
    "MANY_MAX",
    "Act",
    "Asker",
    "BulkBusy",
    "BulkJob",
    "BulkRow",
    "Changed",
    "Kind",
    "Outcome",
    "TooMany",
    "asker_of",
    "begin",
    "forget",
    "forget_records",
    "get_job",
    "list_jobs",
    "list_rows",
    "run",
    "take_back",
]
