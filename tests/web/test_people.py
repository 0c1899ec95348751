"""Who may do what, on its pages, in a browser: a team, a role of the company's own, a person."""

from uuid import uuid4

from tests.web.conftest import Desk


def test_an_administrator_makes_a_team_a_role_and_asks_why(desk: Desk) -> None:
    mark = uuid4().hex[:6]
    with desk(allow=("/settings/roles",)) as window:
        page = window.page
        page.goto("/settings/teams")
        page.get_by_role("button", name="New team").click()
        page.locator("dialog[open] input[name=name]").fill(f"North {mark}")
        page.get_by_role("button", name="Add", exact=True).click()
        page.get_by_role("cell", name=f"North {mark}").wait_for()
        window.check("people-teams")

        page.goto("/settings/roles/sales")
        page.get_by_label("As whom").select_option(label="Asha Rao")
        page.get_by_role("button", name="Count").click()
        page.get_by_text("customers").first.wait_for()
        window.check("people-role-sales")
        page.goto("/settings/roles/new?from=sales")
        page.get_by_role("textbox", name="Key").fill(f"night_{mark}")
        page.get_by_label("Name", exact=True).fill(f"Night shift {mark}")
        page.get_by_label("customer: notes").select_option(label="Hidden")
        page.get_by_role("button", name="Add the role").click()
        page.get_by_text("Hidden: customer.notes.").wait_for()
        window.check("people-role-own")

        page.goto("/settings/people")
        page.get_by_role("button", name="Invite", exact=True).click()
        page.locator("dialog[open] input[name=email]").fill(f"nila-{mark}@example.test")
        page.locator("dialog[open]").get_by_label(f"Night shift {mark}").check()
        page.get_by_role("button", name="Send the invitation").click()
        page.get_by_role("cell", name=f"nila-{mark}@example.test").wait_for()
        window.check("people-invited")
        page.get_by_role("link", name="Asha Rao").first.click()
        page.get_by_label("What").select_option("orders.cancel")
        page.get_by_role("button", name="Explain").click()
        page.get_by_text("Asha Rao may. Their role Admin may do everything.").wait_for()
        window.check("people-person")


def test_the_pages_of_people_fit_a_phone(desk: Desk) -> None:
    with desk(size="phone", theme="dark") as window:
        for path in ("people", "teams", "roles", "roles/sales_manager"):
            window.page.goto(f"/settings/{path}")
            window.check(f"people-{path.replace('/', '-')}-phone", asks_axe=False)
