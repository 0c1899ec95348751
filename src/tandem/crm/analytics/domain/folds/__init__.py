"""From the events of one key to the facts they come to.

A fold looks at all events of its key that are known, in the order in which they happened, so late,
early and doubled ones come to the same facts. It never asks the clock or another table.
"""

from tandem.crm.analytics.domain.folds.following import ALONE, FOLLOWED, read_story
from tandem.crm.analytics.domain.folds.story import Books, Fact, Known, Rate, Story
from tandem.crm.analytics.domain.folds.together import fold

__all__ = [
    "ALONE",
    "FOLLOWED",
    "Books",
    "Fact",
    "Known",
    "Rate",
    "Story",
    "fold",
    "read_story",
]
