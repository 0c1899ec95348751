"""`python -m bench [--quick] [placing] [hot] …`: measure, print the figures beside the budgets."""

import argparse
from collections.abc import Callable, Mapping
from functools import partial

from bench import dashboards, forms, imports, live, placing, reading, reports, segments
from bench.table import Row, show, show_budgets
from bench.world import World, world

ASKED_FOR = ("campaign", "withdrawing")
"""Only when named: the first takes a quarter of an hour at its full size."""
SECTIONS = ("placing", "hot", "reading", "live", "reports", "dashboards", "segments", "imports",
            "forms")  # fmt: skip
CALLING = {"placing", "hot", "reading", "live", "forms"}
"""Those that call the web process."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument(
        "sections",
        nargs="*",
        help=f"of {', '.join(SECTIONS)}; default all; or {' '.join(ASKED_FOR)}",
    )
    parser.add_argument("--quick", action="store_true", help="short runs: a glance, no figures")
    options = parser.parse_args()
    chosen = options.sections or SECTIONS
    measured: list[Row] = []
    for name in ASKED_FOR:
        if name in chosen:
            measured += _with_senders(name, is_quick=options.quick)
    if set(chosen) - set(ASKED_FOR):
        with world(has_web=bool(CALLING & set(chosen))) as company:
            for name, (title, measure) in _sections(company, is_quick=options.quick).items():
                if name in chosen:
                    rows = measure()
                    show(title, rows)
                    measured += rows
    show_budgets(measured)
    return 0


def _with_senders(name: str, *, is_quick: bool) -> list[Row]:
    """They have a database of their own, and what they need is loaded only for them."""
    if name == "campaign":
        from bench import campaign

        people = 2_000 if is_quick else campaign.PEOPLE
        title, rows = f"A campaign to {people:,} people, with kills", campaign.measure(people)
    else:
        from bench import withdrawing

        people = 500 if is_quick else withdrawing.PEOPLE
        title, rows = f"Saying no while {people:,} are written to", withdrawing.measure(people)
    show(title, rows)
    return rows


def _sections(
    company: World, *, is_quick: bool
) -> Mapping[str, tuple[str, Callable[[], list[Row]]]]:
    rounds, count, seconds = (1, 4_000, 3) if is_quick else (3, 15_000, 6)
    size = {"rounds": rounds, "count": count, "seconds": seconds}
    large = 100_000 if is_quick else reading.LARGE
    orders = reports.QUICK if is_quick else reports.ORDERS
    watchers = 500 if is_quick else live.WATCHERS
    posts = 100 if is_quick else forms.POSTS
    return {
        "placing": ("Placing orders", partial(placing.measure, company, **size)),
        "hot": ("One SKU", partial(placing.measure_hot, company, **size)),
        "reading": ("Reading", partial(reading.measure, company, count=count // 10, large=large)),
        "live": ("Live", partial(live.measure, company, watchers=watchers)),
        "reports": ("Reports", partial(reports.measure, company, orders=orders)),
        "dashboards": ("Dashboards", partial(dashboards.measure, company, orders=orders)),
        "segments": ("Segments", partial(segments.measure, company, is_quick=is_quick)),
        "imports": ("Imports and exports", partial(imports.measure, company, is_quick=is_quick)),
        "forms": ("Forms", partial(forms.measure, company, posts=posts)),
    }


if __name__ == "__main__":
    raise SystemExit(main())
