"""What the mail server answers to whom, for as long as a script says so; and how often each letter
reached each person, which a kept mailbox of the newest letters could not say."""

import sqlite3
from typing import Annotated, Literal

import msgspec

from tandem.sandbox.store import Store

Reply = Literal[
    "250", "421", "451", "550", "stall", "half_open", "drop", "greylist", "no_banner", "hang_up"
]
SHOWN = 100

DDL = """
create table if not exists smtp_rule (
    pattern text primary key,
    reply   text not null,
    seconds real not null
);
create table if not exists smtp_greeted (
    address text primary key
);
create table if not exists smtp_count (
    message_id text not null,
    address    text not null,
    count      integer not null,
    primary key (message_id, address)
);
"""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`pattern` is the end of an address: `ann@slow.test`, `@slow.test`, or empty for everybody.

    421 says goodbye, 451 and 550 refuse the recipient, `greylist` refuses each one's first try.
    `stall` says nothing for `seconds`, then hangs up. `half_open` takes the letter, keeps nothing
    and falls silent; `drop` keeps it and hangs up without a word. For everybody only: `no_banner`
    takes the connection and never says a word, `hang_up` ends it at once.
    """

    pattern: Annotated[str, msgspec.Meta(max_length=320)] = ""
    reply: Reply
    seconds: Annotated[float, msgspec.Meta(ge=0, le=600)] = 30.0


class Repeated(msgspec.Struct, frozen=True, kw_only=True):
    message_id: str
    address: str
    count: int


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """`letters` counts Message-IDs per person, `arrivals` every arrival; equal when nothing came
    twice. `people` counts addresses."""

    letters: int
    arrivals: int
    people: int
    repeated: list[Repeated]


def set_rules(store: Store, rules: list[Rule]) -> None:
    with store.transaction():
        store.run("delete from smtp_rule")
        store.run("delete from smtp_greeted")
        for rule in rules:
            store.run(
                "insert or replace into smtp_rule (pattern, reply, seconds) values (?, ?, ?)",
                (rule.pattern.casefold(), rule.reply, rule.seconds),
            )


def list_rules(store: Store) -> list[Rule]:
    return [_rule(row) for row in store.rows("select * from smtp_rule order by pattern")]


def rule_for(store: Store, address: str) -> Rule | None:
    """The longest pattern that the address ends with."""
    row = store.row(
        """select pattern, reply, seconds from smtp_rule
            where pattern = '' or substr(?, -length(pattern)) = pattern
            order by length(pattern) desc limit 1""",
        (address.casefold(),),
    )
    return _rule(row) if row else None


def is_first_try(store: Store, address: str) -> bool:
    """True once for each address since the rules were set."""
    added = store.run(
        "insert or ignore into smtp_greeted (address) values (?)", (address.casefold(),)
    )
    return added == 1


def count(store: Store, message_id: str, addresses: list[str]) -> None:
    for address in addresses:
        store.run(
            """insert into smtp_count (message_id, address, count) values (?, ?, 1)
               on conflict (message_id, address) do update set count = count + 1""",
            (message_id, address.casefold()),
        )


def read_counts(store: Store) -> Counts:
    row = store.row(
        """select count(*) as letters, coalesce(sum(count), 0) as arrivals,
                  count(distinct address) as people from smtp_count"""
    )
    assert row is not None, "an aggregate always answers one row"
    repeated = store.rows(
        """select message_id, address, count from smtp_count where count > 1
            order by count desc, message_id limit ?""",
        (SHOWN,),
    )
    return Counts(
        letters=row["letters"],
        arrivals=row["arrivals"],
        people=row["people"],
        repeated=[
            Repeated(message_id=one["message_id"], address=one["address"], count=one["count"])
            for one in repeated
        ],
    )


def forget_counts(store: Store) -> None:
    store.run("delete from smtp_count")


def _rule(row: sqlite3.Row) -> Rule:
    return msgspec.convert({name: row[name] for name in ("pattern", "reply", "seconds")}, Rule)
