"""Tags of many records: one more or one less, and back where it is still so."""

from collections.abc import Sequence

from tandem.kernel.errors import Invalid

TAGS_MAX = 50


def wanted(tag: str | None) -> str:
    """As it is kept. Refuses an empty one."""
    text = " ".join((tag or "").split())
    if not text:
        raise Invalid("Say which tag.", field="tag")
    return text


def with_tag(tags: Sequence[str], tag: str) -> list[str] | None:
    """None where it is there already, in whatever case. Refuses one too many."""
    if tag.lower() in {each.lower() for each in tags}:
        return None
    if len(tags) >= TAGS_MAX:
        raise Invalid(f"One record has {TAGS_MAX} tags at most.", field="tag")
    return [*tags, tag]


def without_tag(tags: Sequence[str], tag: str) -> list[str] | None:
    """None where it is not there."""
    left = [each for each in tags if each.lower() != tag.lower()]
    return left if len(left) < len(tags) else None


def given_back(now: Sequence[str], before: Sequence[str], after: Sequence[str]) -> list[str] | None:
    """The tags with what was put on taken off and what was taken off put on; whatever else somebody
    did to them meanwhile stays. None where nothing of it is as it was left."""
    put = {each.lower() for each in after} - {each.lower() for each in before}
    taken = [each for each in before if each.lower() not in {one.lower() for one in after}]
    there = {each.lower() for each in now}
    if not put <= there or any(each.lower() in there for each in taken):
        return None
    return [each for each in now if each.lower() not in put] + taken
