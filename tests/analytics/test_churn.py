"""A-ANA-14: a model of who leaves, on a file like the Telco one, judged by rows it did not see."""

import csv
import io
import math
import random
from typing import Any
from uuid import UUID

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.crm.analytics.domain.churn.logistic import chance, fit
from tandem.crm.analytics.domain.churn.report import calibrate, judge
from tandem.kernel.db import Database
from tests.identity.at_work import at_work, hire

ROWS, BLANKS = 1_600, 11
NAMES = "customerID,gender,SeniorCitizen,tenure,Internet,Contract,MonthlyCharges,TotalCharges,Churn"


def telco(dice: random.Random) -> list[list[Any]]:
    """Who pays by the month, has fibre and came lately leaves more often; who is new has a blank
    for what they paid in all, as in the file that IBM made public."""
    rows: list[list[Any]] = []
    for no in range(ROWS):
        tenure = 0 if no < BLANKS else dice.randint(1, 72)
        contract = dice.choice(["Month-to-month", "Month-to-month", "One year", "Two year"])
        internet = dice.choice(["DSL", "Fiber optic", "No"])
        monthly = round(dice.uniform(18, 118), 2)
        lean = -0.6 - 0.035 * tenure + {"DSL": 0, "Fiber optic": 1.3, "No": -0.6}[internet]
        lean += 1.2 if contract == "Month-to-month" else -0.7
        left = "Yes" if dice.random() < 1 / (1 + math.exp(-lean)) else "No"
        total = " " if tenure == 0 else round(monthly * tenure, 2)
        person = [f"{no:04}-ABCDE", dice.choice(["Male", "Female"]), dice.choice([0, 0, 0, 1])]
        rows.append([*person, tenure, internet, contract, monthly, total, left])
    return rows


def sheet(rows: list[list[Any]], names: str = NAMES) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows([names.split(","), *rows])
    return written.getvalue().encode("utf-8-sig")


async def _asked(client: httpx.AsyncClient, content: bytes, **more: str) -> httpx.Response:
    return await client.post(
        "/v1/churn-reports", files={"file": ("telco.csv", content, "text/csv")}, data=more
    )


async def test_a_model_beats_saying_the_same_of_everybody_on_rows_it_has_not_seen(
    client: httpx.AsyncClient,
) -> None:
    rows = telco(random.Random(5))
    answer = await _asked(client, sheet(rows))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    left = sum(row[-1] == "Yes" for row in rows)
    assert (told["rows"], told["left"], told["positive"]) == (ROWS, left, "Yes")
    assert told["fitted_on"] + told["held_out"] == ROWS and told["held_out"] in (320, 321)
    blanks = {one["name"]: one["blanks"] for one in told["columns"] if one["blanks"]}
    assert blanks == {"TotalCharges": BLANKS}
    assert [one["column"] for one in told["left_out"]] == ["customerID"]

    held = told["counts"]
    assert sum(held.values()) == told["held_out"]
    rightly = (held["left_foretold"] + held["stayed_foretold"]) / told["held_out"]
    assert told["model"]["accuracy"] == pytest.approx(rightly, abs=1e-6)
    stayed = (held["stayed_foretold"] + held["stayed_missed"]) / told["held_out"]
    assert told["baseline"]["accuracy"] == pytest.approx(stayed, abs=1e-6)
    assert told["beats_baseline"] and rightly > stayed + 0.02
    assert told["model"]["log_loss"] < told["baseline"]["log_loss"]
    assert told["model"]["auc"] > 0.75 and told["baseline"]["auc"] == 0.5

    bins = told["calibration"]
    assert len(bins) == 10 and sum(one["count"] for one in bins) == told["held_out"]
    assert sum(one["left"] for one in bins) == held["left_foretold"] + held["left_missed"]
    assert all(one["lowest"] <= one["foretold"] <= one["highest"] for one in bins)
    assert told["calibration_error"] < 0.08
    odds = {(one["column"], one["value"]): one["odds"] for one in told["factors"]}
    assert odds["Contract", "Two year"] < 0.4 and odds["Internet", "Fiber optic"] > 1.5
    assert (await _asked(client, sheet(rows))).json() == told


async def test_a_file_that_nothing_can_be_learned_from_is_refused_with_the_field_at_fault(
    client: httpx.AsyncClient,
) -> None:
    rows = telco(random.Random(5))[:300]
    few = [[*row[:-1], "Yes" if no < 5 else "No"] for no, row in enumerate(rows)]
    for content, more, field in (
        (b"\n", {}, "file"),
        (b"\xff\xfe\x00x", {}, "file"),
        (sheet(rows[:50]), {}, "file"),
        (sheet([*rows, ["one", "cell"]]), {}, "file"),
        (sheet(rows, NAMES.replace("gender", "tenure")), {}, "file"),
        (sheet([[*row[:-1], "No"] for row in rows]), {}, "target"),
        (sheet(few), {}, "file"),
        (sheet(rows, NAMES.replace("Churn", "Gone")), {}, "target"),
        (sheet(rows), {"target": "nothing"}, "target"),
        (sheet(rows), {"target": "tenure"}, "target"),
        (sheet(rows), {"positive": "Perhaps"}, "positive"),
        (sheet([[row[0], row[-1]] for row in rows], "customerID,Churn"), {}, "file"),
    ):  # fmt: skip
        answer = await _asked(client, content, **more)
        assert (answer.status_code, answer.json().get("field")) == (422, field), answer.text
    turned = await _asked(client, sheet(rows), target="gender", positive="Female")
    assert turned.json()["positive"] == "Female" and "NaN" not in turned.text
    some = sheet([[*row[:-1], "" if no < 7 else row[-1]] for no, row in enumerate(rows)])
    assert (await _asked(client, some)).json()["unknown"] == 7


def test_the_fit_is_the_one_worked_out_by_hand() -> None:
    """One yes-or-no column: odds of leaving 3 : 1 with it and 1 : 3 without, the ridge aside."""
    rows = [[(0, 1.0), (1, float(no % 2))] for no in range(40_000)]
    outcomes = [int(no // 2 % 4 < (3 if no % 2 else 1)) for no in range(40_000)]
    weights = fit(rows, outcomes, 2)
    assert weights[0] == pytest.approx(-math.log(3), abs=2e-3)
    assert weights[1] == pytest.approx(2 * math.log(3), abs=4e-3)
    assert chance(weights, rows[1]) == pytest.approx(0.75, abs=1e-3)
    alone = fit(rows[:200], [no % 2 for no in range(200)], 2)
    assert all(math.isfinite(one) for one in alone)


def test_chances_are_judged_as_worked_out_by_hand() -> None:
    found = judge([0.9, 0.6, 0.4, 0.1], [1, 0, 1, 0])
    assert (found.accuracy, found.auc) == (0.5, 0.75)
    assert found.brier == pytest.approx((0.01 + 0.36 + 0.36 + 0.01) / 4)
    assert found.log_loss == pytest.approx(-(2 * math.log(0.9) + 2 * math.log(0.4)) / 4, abs=1e-6)
    assert judge([0.5, 0.5], [1, 1]).auc is None
    bins = calibrate([place / 20 for place in range(1, 20)], [0] * 10 + [1] * 9)
    assert [one.count for one in bins] == [1, 2, 2, 2, 2, 2, 2, 2, 2, 2]
    assert [one.observed for one in bins[-2:]] == [1, 1] and bins[0].foretold == 0.05


async def test_the_page_shows_the_report_and_says_what_is_wrong(
    app: Litestar, database: Database, org_id: UUID
) -> None:
    _, email = await hire(database, org_id, "analyst")
    async with at_work(app, email) as browser:
        assert "Column that says who left" in (await browser.get("/churn")).text
        content = sheet(telco(random.Random(5)))
        shown = await browser.post("/churn", files={"file": ("telco.csv", content, "text/csv")})
        assert shown.status_code == 200 and "Better than saying the same" in shown.text
        assert "Foretold against observed" in shown.text and "left out. Another value" in shown.text
        wrong = await browser.post("/churn", files={"file": ("t.csv", b"a,b", "text/csv")})
        assert wrong.status_code == 422 and "100 to 20,000 rows" in wrong.text
        assert (await browser.post("/churn", data={"target": "x"})).status_code == 422
