"""Who the service desks serve: customers, and requests that are raised for them.

A customer of the cloud is known by an account id, one of Data Center by name, which is the address.
"""

from collections.abc import Mapping
from typing import Any

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.jira.refusals import JiraRefusal
from tandem.sandbox.jira.site import Person, Project

DDL = """
create table if not exists jira_customer (
    id integer primary key autoincrement, account_id text unique not null,
    email text unique not null collate nocase, name text not null
);
create table if not exists jira_desk_customer (
    desk text not null, account_id text not null, primary key (desk, account_id)
);
"""


def add_customer(deps: Dependencies, given: Mapping[str, Any]) -> dict[str, Any]:
    """Refuses what is no address, and one that has an account."""
    if deps.faults.take("jira", "customer", {"customer_refused"}):
        raise JiraRefusal("You do not have permission to create customers.", status=403)
    email = str(given.get("email") or "")
    if "@" not in email.strip("@"):
        raise JiraRefusal("The email address is not valid.")
    if deps.store.row("select 1 from jira_customer where email = ?", (email,)):
        raise JiraRefusal("An account already exists for this email.")
    name = str(given.get("displayName") or given.get("fullName") or "")
    if not name:
        raise JiraRefusal("The full name must be specified.")
    with deps.store.transaction():
        customer_id = deps.store.insert(
            "insert into jira_customer (account_id, email, name) values (?, ?, ?)",
            (f"qm:pending:{email.casefold()}", email, name),
        )
        deps.store.run(
            "update jira_customer set account_id = ? where id = ?",
            (f"qm:5f0c2f2e:{customer_id:08d}", customer_id),
        )
    return _json(deps.store.row("select * from jira_customer where id = ?", (customer_id,)))


def list_customers(deps: Dependencies, project: Project, query: str) -> list[dict[str, Any]]:
    rows = deps.store.rows(
        """select customer.* from jira_customer as customer
             join jira_desk_customer as served on served.account_id = customer.account_id
            where served.desk = ?
              and (instr(lower(email), lower(?)) or instr(lower(name), lower(?)))
            order by customer.id limit 50""",
        (project.service_desk_id, query, query),
    )
    return [_json(row) for row in rows]


def serve(deps: Dependencies, project: Project, given: Mapping[str, Any]) -> None:
    listed = [*given.get("accountIds", []), *given.get("usernames", [])]
    found = [find_customer(deps, str(one)) for one in listed]
    if not found or not all(found):
        raise JiraRefusal("The user does not exist.")
    for row in found:
        deps.store.run(
            "insert or ignore into jira_desk_customer (desk, account_id) values (?, ?)",
            (project.service_desk_id, row["account_id"]),
        )


def find_customer(deps: Dependencies, text: str) -> Any:
    """By account id, or by the name that Data Center knows."""
    return deps.store.row(
        "select * from jira_customer where account_id = ? or email = ?", (text, text)
    )


def raised_for(deps: Dependencies, project: Project, text: str) -> Person:
    """Only for customers of this service desk."""
    row = find_customer(deps, text)
    served = row and deps.store.row(
        "select 1 from jira_desk_customer where desk = ? and account_id = ?",
        (project.service_desk_id, row["account_id"]),
    )
    if not served:
        raise JiraRefusal(f"The user {text} is not a customer of this service desk.")
    return Person(account_id=row["account_id"], email=row["email"], name=row["name"])


def _json(row: Any) -> dict[str, Any]:
    return {
        "accountId": row["account_id"],
        "name": row["email"],
        "emailAddress": row["email"],
        "displayName": row["name"],
        "active": True,
    }
