"""Files of numbers: what may be asked for, and what became of it."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from tandem.crm.analytics.domain.asking import Ask, DrillAsk
from tandem.crm.analytics.domain.funnels import FunnelAsk
from tandem.crm.analytics.domain.looking import Looking
from tandem.crm.analytics.domain.retention import RetentionAsk
from tandem.kernel.errors import Conflict, Gone, Invalid
from tandem.kernel.patterns import whole

AT_ONCE_MAX = 2_000
"""Rows of a file that is made while its asker waits; more are made in the background."""
FOR_A_KEY_MAX = 20_000
"""A key has nobody who comes back later: its files are made at once, and so long at most."""
ROWS_MAX = 1_000_000
"""A sheet holds no more; whoever needs more narrows it by days."""
OPEN_MAX = 10
"""Files of one person that are being made."""
LIFE = timedelta(days=3)
LIFE_OF_A_REPORT = timedelta(days=30)
LEASE = timedelta(minutes=2)
ATTEMPTS_MAX = 3
PART_BYTES = 8 * 1024 * 1024

FileKind = Literal["csv", "xlsx", "pdf"]
State = Literal["waiting", "running", "done", "failed", "expired"]
Title = Annotated[str, msgspec.Meta(max_length=120, pattern=whole(r"[^\x00-\x1f\x7f]*"))]
DashboardName = Annotated[
    str, msgspec.Meta(min_length=1, max_length=40, pattern=whole(r"[a-z0-9_-]+"))
]


class TooManyExports(Conflict):
    code = "too_many_exports"


class ExportNotReady(Conflict):
    code = "export_not_ready"


class ExportGone(Gone):
    code = "export_gone"


class ExportDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of: a question's answer (`query`), the rows behind a number (`rows`), a funnel, cohorts
    (`retention`), a whole dashboard by its key or id, looked at as `looking` says."""

    query: Ask | None = None
    rows: DrillAsk | None = None
    funnel: FunnelAsk | None = None
    retention: RetentionAsk | None = None
    dashboard: DashboardName | None = None
    looking: Looking | None = None
    title: Title = ""
    file: FileKind = "csv"


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """`done_rows` of `row_count` are written. `suffix` is the file's ending: CSV of a dashboard
    comes as a ZIP of one file for each tile."""

    id: UUID
    asker_id: UUID
    title: str
    file: FileKind
    state: State
    row_count: int | None
    done_rows: int
    size_bytes: int | None
    suffix: str
    sha256: str
    as_of: datetime | None
    policy_hash: str
    error: str
    created_at: datetime
    done_at: datetime | None
    expires_at: datetime

    @property
    def percent(self) -> int:
        if self.state == "done":
            return 100
        return min(99, self.done_rows * 100 // self.row_count) if self.row_count else 0


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A finished file's facts."""

    row_count: int
    size_bytes: int
    parts: int
    suffix: str
    sha256: str
    as_of: datetime
    policy_hash: str


def check(draft: ExportDraft) -> None:
    """Refuses none of them, more than one, and rows on paper."""
    given = (draft.query, draft.rows, draft.funnel, draft.retention, draft.dashboard)
    if sum(one is not None for one in given) != 1:
        raise Invalid("Name one of: query, rows, funnel, retention, dashboard.", field="query")
    if draft.rows is not None and draft.file == "pdf":
        raise Invalid("Rows are taken along as csv or xlsx.", field="file")


def part_name(export_id: UUID, place: int) -> str:
    return f"exports/{export_id}/{place}"


def filename(export: Export) -> str:
    """ASCII, so that every browser keeps it."""
    plain = "".join(
        letter if letter.isascii() and letter.isalnum() else "-" for letter in export.title
    )
    name = "-".join(part for part in plain.split("-") if part) or "numbers"
    return f"{name[:80]}-{export.created_at:%Y-%m-%d}.{export.suffix or export.file}"
