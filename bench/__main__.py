"""`python -m bench [--quick] [placing] [hot] …`: measure, print the figures beside the budgets."""

import argparse

from bench import dashboards, forms, imports, live, placing, reading, reports, segments
from bench.table import Row, show, show_budgets
from bench.world import world

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
    rounds, count, seconds = (1, 4_000, 3) if options.quick else (3, 15_000, 6)
    measured: list[Row] = []
    if "campaign" in chosen:
        from bench import campaign

        people = 2_000 if options.quick else campaign.PEOPLE
        rows = campaign.measure(people)
        show(f"A campaign to {people:,} people, with kills", rows)
        measured += rows
    if "withdrawing" in chosen:
        from bench import withdrawing

        people = 500 if options.quick else withdrawing.PEOPLE
        rows = withdrawing.measure(people)
        show(f"Saying no while {people:,} are written to", rows)
        measured += rows
    if not set(chosen) - set(ASKED_FOR):
        return 0
    with world(has_web=bool(CALLING & set(chosen))) as company:
        if "placing" in chosen:
            rows = placing.measure(company, rounds=rounds, count=count, seconds=seconds)
            show("Placing orders", rows)
            measured += rows
        if "hot" in chosen:
            rows = placing.measure_hot(company, rounds=rounds, count=count, seconds=seconds)
            show("One SKU", rows)
            measured += rows
        if "reading" in chosen:
            large = 100_000 if options.quick else reading.LARGE
            rows = reading.measure(company, count=count // 10, large=large)
            show("Reading", rows)
            measured += rows
        if "live" in chosen:
            rows = live.measure(company)
            show("Live", rows)
            measured += rows
        if "reports" in chosen:
            orders = reports.QUICK if options.quick else reports.ORDERS
            rows = reports.measure(company, orders=orders)
            show("Reports", rows)
            measured += rows
        if "dashboards" in chosen:
            orders = reports.QUICK if options.quick else reports.ORDERS
            rows = dashboards.measure(company, orders=orders)
            show("Dashboards", rows)
            measured += rows
        if "segments" in chosen:
            rows = segments.measure(company, is_quick=options.quick)
            show("Segments", rows)
            measured += rows
        if "imports" in chosen:
            rows = imports.measure(company, is_quick=options.quick)
            show("Imports and exports", rows)
            measured += rows
        if "forms" in chosen:
            rows = forms.measure(company, posts=100 if options.quick else forms.POSTS)
            show("Forms", rows)
            measured += rows
    show_budgets(measured)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
