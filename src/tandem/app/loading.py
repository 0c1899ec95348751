"""Loading the program with the garbage collector held: a third less CPU until it answers.

The program itself is a million objects that never go away. The collector would look through them
again and again while they are made, and again and again afterwards: that was a third of a start and
a quarter of the CPU of placing an order.
"""

import gc

THRESHOLDS = (20_000, 20, 20)


def hold_collector() -> None:
    """Before the program is imported. Whoever calls this calls `keep_what_is_loaded` as well."""
    gc.disable()


def keep_what_is_loaded() -> None:
    """Take everything loaded so far out of the collector's sight, and let it look less often.

    Not one object in a hundred is rubbish by then: looking for it took half a second.
    """
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    gc.enable()
