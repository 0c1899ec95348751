"""Which parts of a rule are answered beside the rows, and which need the rows themselves.

A million rows are read for a comparison with one of their columns; for what tables beside them keep
an index is enough. Where the first part leaves few, only the rows of those are worth reading.
"""

from collections.abc import Iterator

from tandem.kernel.rules.tree import All, Compare, Happened, Not, Rule, Some, range_of
from tandem.kernel.rules.vocabulary import OPPOSITES, Kept, Vocabulary

Parts = tuple[Rule, ...]


def halves(parts: Parts, vocabulary: Vocabulary) -> tuple[Parts, Parts] | None:
    """What is asked beside the rows, and what of the rows of those who are left; None where that
    gains nothing."""
    each = tuple(_each(parts))
    beside = tuple(part for part in each if _is_beside(part, vocabulary))
    inside = tuple(part for part in each if not _is_beside(part, vocabulary))
    is_worth = any(_is_few(part, vocabulary) for part in beside)
    if inside and is_worth and all(_is_in_row(part, vocabulary) for part in inside):
        return beside, inside
    return None


def _each(parts: tuple[Rule, ...]) -> Iterator[Rule]:
    """Everything that has to hold, one by one."""
    for part in parts:
        match part:
            case All(inner):
                yield from _each(inner)
            case Not(Some(inner)):
                yield from _each(tuple(Not(one) for one in inner))
            case Not(Not(inner)):
                yield from _each((inner,))
            case _:
                yield part


def _is_beside(rule: Rule, vocabulary: Vocabulary) -> bool:
    """Whether it is answered without the row itself, by one join."""
    match rule:
        case All() | Some() | Not(All() | Some() | Not()):
            return False
        case Not(part):
            return _is_beside(part, vocabulary)
        case Happened():
            return vocabulary.behaviours[rule.event].whose is not None
    return vocabulary.fields[rule.field].many is not None


def _is_in_row(rule: Rule, vocabulary: Vocabulary) -> bool:
    """Whether the row answers it, with lists that are no longer than there are rows."""
    match rule:
        case All(parts) | Some(parts):
            return all(_is_in_row(part, vocabulary) for part in parts)
        case Not(part):
            return _is_in_row(part, vocabulary)
        case Compare():
            return not isinstance(vocabulary.fields[rule.field].many, Kept)
    return False


def _is_few(rule: Rule, vocabulary: Vocabulary) -> bool:
    """Whether somebody must have something for it, which not everybody has."""
    match rule:
        case Happened():
            return range_of(rule.count)[0] > 0
        case Compare():
            many = vocabulary.fields[rule.field].many
            is_zero = isinstance(many, Kept) and many.is_zero
            return rule.op not in ("unset", *OPPOSITES) and not is_zero
    return False
