"""`tandem user create`: the first person of a company, or another one."""

import argparse
import getpass
import os
import sys

import asyncpg
import msgspec

from tandem.app.settings import Settings
from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.people import Email, PersonName
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Invalid, NotFound


async def create_user(settings: Settings, options: argparse.Namespace) -> str:
    """Asks for the password on a terminal, reads one line of standard input otherwise."""
    _check(options.email, Email, "email", "This is no e-mail address.")
    _check(options.name, PersonName, "name", "A name has 1 to 100 characters.")
    password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
    database = await Database.connect(settings.app_dsn, size_min=1, size_max=2)
    try:
        now = database.clock.now()
        org_id = await _company(settings, options.company)
        if org_id is None and options.company_name:
            org_id = await identity.found_organisation(
                database, name=options.company_name, slug=options.company, now=now
            )
        if org_id is None:
            raise NotFound(f"There is no company {options.company!r}; name it with --company-name.")
        async with database.transaction(Actor.system(org_id, os.environ.get("USER", "cli"))) as tx:
            user = await identity.add_user(
                tx,
                email=options.email,
                name=options.name,
                password=password,
                role_key=options.role,
                now=now,
            )
        return f"{user.email} can sign in as {user.role_key}"
    finally:
        await database.close()


def _check(given: str, kind: object, field: str, otherwise: str) -> None:
    try:
        msgspec.convert(given, kind)
    except msgspec.ValidationError:
        raise Invalid(f"{given!r}: {otherwise}", field=field) from None


async def _company(settings: Settings, slug: str):  # type: ignore[no-untyped-def]
    owner = await asyncpg.connect(settings.database_url)
    try:
        return await owner.fetchval(
            "select org_id from identity.organisation where slug = $1", slug
        )
    finally:
        await owner.close()
