"""Links that show numbers to whoever has them: what they show, for how long, in whose frames."""

import base64
import binascii
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from tandem.crm.analytics.domain.asking import Ask
from tandem.crm.analytics.domain.exports import DashboardName, Title
from tandem.crm.analytics.domain.funnels import FunnelAsk
from tandem.crm.analytics.domain.looking import Looking
from tandem.crm.analytics.domain.retention import RetentionAsk
from tandem.kernel.errors import Conflict, Forbidden, Invalid
from tandem.kernel.origins import read_origin
from tandem.kernel.patterns import whole

PURPOSE = "report links"
LIVE_MAX = 100
"""Links of one person that still work."""
DAYS_MAX = 366
SEEN_EVERY = timedelta(minutes=1)
_SIGNATURE_BYTES = 20
_DIGEST_BYTES = 12
_HEAD_BYTES = 16 + 16 + 8 + _DIGEST_BYTES
TOKEN_LENGTH_MAX = 200
_LATER = ("funnel", "retention")
"""Not in what older links were signed with."""

Origin = Annotated[str, msgspec.Meta(max_length=300, pattern=whole(r"[^\x00-\x20]*"))]


class LinkRefused(Forbidden):
    """Changed, expired, taken back, or its owner may not see this any more. Never said which."""

    code = "report_link_refused"


class TooManyLinks(Conflict):
    code = "too_many_report_links"


class LinkDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of: a question's answer (`query`), a funnel, cohorts (`retention`), a whole dashboard by
    its key or id, looked at as `looking` says. `allowed_origins` are the sites that may put it into
    a frame."""

    query: Ask | None = None
    dashboard: DashboardName | None = None
    funnel: FunnelAsk | None = None
    retention: RetentionAsk | None = None
    looking: Looking | None = None
    title: Title = ""
    days: Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX)] = 30
    allowed_origins: Annotated[list[Origin], msgspec.Meta(max_length=20)] = []


class ReportLink(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is what is given away; empty once it works no more. `seen_at` is to the minute."""

    id: UUID
    owner_id: UUID
    draft: LinkDraft
    allowed_origins: list[str]
    expires_at: datetime
    revoked_at: datetime | None
    seen_at: datetime | None
    created_at: datetime
    path: str = ""

    def is_live(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says, once it is known that we said it."""

    org_id: UUID
    link_id: UUID
    expires_at: datetime
    digest: bytes


def check(draft: LinkDraft) -> LinkDraft:
    """With its origins as browsers write them. Refuses none of them, and more than one."""
    given = (draft.query, draft.dashboard, draft.funnel, draft.retention)
    if sum(one is not None for one in given) != 1:
        raise Invalid("Name one of: query, dashboard, funnel, retention.", field="query")
    if draft.looking is not None and (draft.funnel or draft.retention):
        raise Invalid("A funnel and cohorts have days of their own.", field="looking")
    origins = sorted({read_origin(one) for one in draft.allowed_origins})
    return msgspec.structs.replace(draft, allowed_origins=origins)


def digest_of(draft: LinkDraft) -> bytes:
    """Of all that it shows: another filter, day or dashboard has another one."""
    shown = msgspec.to_builtins(draft)
    for name in _LATER:
        if shown[name] is None:
            del shown[name]
    return hashlib.sha256(msgspec.json.encode(shown, order="sorted")).digest()[:_DIGEST_BYTES]


def packed(org_id: UUID, link: ReportLink, *, sign: Callable[[bytes], bytes]) -> str:
    until = int(link.expires_at.timestamp()).to_bytes(8, "big")
    head = org_id.bytes + link.id.bytes + until + digest_of(link.draft)
    return base64.urlsafe_b64encode(head + sign(head)[:_SIGNATURE_BYTES]).decode().rstrip("=")


def unpacked(token: str, is_signed: Callable[[bytes, bytes], bool]) -> Signed:
    """Raises LinkRefused for whatever we did not sign."""
    try:
        padded = token + "=" * (-len(token) % 4)
        raw = base64.b64decode(padded, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as reason:
        raise refused() from reason
    head, signature = raw[:_HEAD_BYTES], raw[_HEAD_BYTES:]
    if len(signature) != _SIGNATURE_BYTES or not is_signed(head, signature):
        raise refused()
    return Signed(
        org_id=UUID(bytes=head[:16]),
        link_id=UUID(bytes=head[16:32]),
        expires_at=datetime.fromtimestamp(int.from_bytes(head[32:40], "big"), UTC),
        digest=head[40:],
    )


def refused() -> LinkRefused:
    return LinkRefused("This link shows nothing, or nothing any more. Ask whoever sent it.")
