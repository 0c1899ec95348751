"""Who somebody new may be already: by what they share, or by their name however it is spelled."""

from collections.abc import Mapping, Sequence

import msgspec

from tandem.contracts.likeness import softened
from tandem.crm.customers.domain import Candidate, Customer, Key
from tandem.crm.customers.domain.accounts import Account, AccountAlike
from tandem.crm.customers.store.people import columns_of
from tandem.kernel.db import Query, Tx
from tandem.kernel.reach import Reach, within

HOLD = Query(
    """
    select pg_advisory_xact_lock(hashtextextended(:org_id::uuid::text || word, 18))
      from unnest(:words::text[]) as given (word)
     order by word
    """
)

# Of a name that everybody has a few are enough to say so, whoever has a million people. Who
# stands is asked by a count of nulls: as two conditions, a table that was never analysed would be
# read whole by the index of all who stand.
CANDIDATES = Query(
    """
    with wanted (name_key, sound_key) as (
        select kernel.name_key(:name), kernel.sound_key(:name)
    ),
    alike (customer_id, reason, strength) as (
        select p.customer_id, p.kind, 1
          from unnest(:kinds::text[], :values::text[]) as asked (kind, value)
          join customers.contact_point p
            on p.org_id = :org_id and p.kind = asked.kind and p.value = asked.value
        union
        select c.id, 'gstin', 1 from customers.customer c
         where c.org_id = :org_id and c.gstin = :gstin
        union
        (select c.id, 'name', 1
           from customers.customer c
          where c.org_id = :org_id and c.name_key = (select name_key from wanted)
            and num_nulls(c.merged_into_id, c.erased_at) = 2
            and exists (
                select from customers.address a
                 where a.org_id = :org_id and a.customer_id = c.id
                   and a.postal_code = any(:postal_codes::text[]))
            and """
    + within("c")
    + """
          limit 20)
        union
        (select c.id, 'name',
                case when cardinality(:postal_codes::text[]) > 0
                      and exists (select from customers.address a
                                   where a.org_id = :org_id and a.customer_id = c.id)
                     then 4 else 2 end
           from customers.customer c
          where c.org_id = :org_id and c.name_key = (select name_key from wanted)
            and c.name_key <> '' and num_nulls(c.merged_into_id, c.erased_at) = 2
            and """
    + within("c")
    + """
          limit 20)
        union
        (select c.id, 'spelling', case when strpos(c.sound_key, ' ') > 0 then 3 else 4 end
           from customers.customer c
          where c.org_id = :org_id and c.sound_key = (select sound_key from wanted)
            and c.sound_key <> '' and c.name_key <> (select name_key from wanted)
            and num_nulls(c.merged_into_id, c.erased_at) = 2
            and """
    + within("c")
    + """
          limit 20)
    )
    select c.id, c.number, c.name, c.company_name,
           array_agg(distinct alike.reason order by alike.reason) as matched_on,
           (array['strong', 'likely', 'possible', 'faint'])[min(alike.strength)] as strength
      from alike
      join customers.customer c on c.org_id = :org_id and c.id = alike.customer_id
     where num_nulls(c.merged_into_id, c.erased_at) = 2 and """
    + within("c")
    + """
     group by c.id, c.number, c.name, c.company_name
     order by min(alike.strength), count(distinct alike.reason) desc, c.id
     limit 20
    """
)

ACCOUNTS = Query(
    """
    with wanted (name_key, sound_key) as (
        select kernel.name_key(:name), kernel.sound_key(:name)
    ),
    alike (account_id, reason, strength) as (
        select a.id, 'domain', 1 from customers.account a
         where a.org_id = :org_id and a.domain = :domain
        union
        select a.id, 'gstin', 1 from customers.account a
         where a.org_id = :org_id and a.gstin = :gstin
        union
        (select a.id, 'name', 2 from customers.account a
          where a.org_id = :org_id and a.name_key = (select name_key from wanted)
            and a.name_key <> '' and """
    + within("a")
    + """
          limit 20)
        union
        (select a.id, 'spelling', case when strpos(a.sound_key, ' ') > 0 then 3 else 4 end
           from customers.account a
          where a.org_id = :org_id and a.sound_key = (select sound_key from wanted)
            and a.sound_key <> '' and a.name_key <> (select name_key from wanted)
            and """
    + within("a")
    + """
          limit 20)
    )
    select a.id, a.number, a.name,
           array_agg(distinct alike.reason order by alike.reason) as matched_on,
           (array['strong', 'likely', 'possible', 'faint'])[min(alike.strength)] as strength
      from alike
      join customers.account a on a.org_id = :org_id and a.id = alike.account_id
     where """
    + within("a")
    + """
     group by a.id, a.number, a.name
     order by min(alike.strength), count(distinct alike.reason) desc, a.id
     limit 20
    """
)


# One look-up by each key for each row of a file; of a name that many have, enough to know it.
EACH = Query(
    """
    with asked as materialized (
        select place, kinds, vals, gstin, kernel.name_key(name) as name_key,
               kernel.sound_key(name) as sound_key
          from jsonb_to_recordset(:rows::jsonb)
               as given (place int, name text, kinds text[], vals text[], gstin text)
    ),
    alike (place, customer_id, reason, strength) as (
        select asked.place, p.customer_id, p.kind, 1
          from asked
         cross join lateral unnest(asked.kinds, asked.vals) as contact (kind, value)
          join customers.contact_point p
            on p.org_id = :org_id and p.kind = contact.kind and p.value = contact.value
        union
        select asked.place, c.id, 'gstin', 1
          from asked
          join customers.customer c on c.org_id = :org_id and c.gstin = asked.gstin
        union
        select asked.place, found.id, found.reason, found.strength
          from asked
         cross join lateral (
               (select c.id, 'name' as reason, 2 as strength
                  from customers.customer c
                 where c.org_id = :org_id and c.name_key = asked.name_key and c.name_key <> ''
                   and num_nulls(c.merged_into_id, c.erased_at) = 2
                 limit 7)
               union all
               (select c.id, 'spelling', 3
                  from customers.customer c
                 where c.org_id = :org_id and c.sound_key = asked.sound_key
                   and strpos(c.sound_key, ' ') > 0 and c.name_key <> asked.name_key
                   and num_nulls(c.merged_into_id, c.erased_at) = 2
                 limit 7)) as found
    )
    select alike.place, c.id, c.number, c.name, c.company_name,
           array_agg(distinct alike.reason order by alike.reason) as matched_on,
           (array['strong', 'likely', 'possible', 'faint'])[min(alike.strength)] as strength
      from alike
      join customers.customer c on c.org_id = :org_id and c.id = alike.customer_id
     where num_nulls(c.merged_into_id, c.erased_at) = 2
     group by alike.place, c.id, c.number, c.name, c.company_name
     order by alike.place, min(alike.strength), c.id
    """
)


class _Placed(Candidate, frozen=True, kw_only=True):
    place: int


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody new is recognised by, in normal form."""

    name: str
    keys: Sequence[Key]
    gstin: str | None = None
    postal_codes: Sequence[str] = ()


def traits_of(customer: Customer) -> Traits:
    codes = [home.address.postal_code for home in customer.addresses if home.address.postal_code]
    return Traits(
        name=customer.name,
        keys=list(customer.contact_keys()),
        gstin=customer.gstin,
        postal_codes=codes,
    )


async def hold(tx: Tx, traits: Traits) -> None:
    """Whoever adds the same person at the same moment waits, and then knows of this one."""
    name = " ".join(sorted(traits.name.lower().split()))
    words = {" ".join(key) for key in traits.keys} | {f"name {name}"}
    if traits.gstin:
        words.add(f"gstin {traits.gstin}")
    await tx.records(HOLD, words=sorted(words))


async def people(tx: Tx, traits: Traits, reach: Reach) -> list[Candidate]:
    """Those in reach who share a contact, the tax number or the name, the surest first."""
    found = await tx.many(
        CANDIDATES,
        Candidate,
        gstin=traits.gstin,
        name=traits.name,
        postal_codes=list(traits.postal_codes),
        **columns_of(traits.keys),
        **reach.params(),
    )
    return softened(found)


async def each(tx: Tx, rows: Mapping[int, Traits]) -> dict[int, list[Candidate]]:
    """The same for rows of a file, whoever's they are: only rows that may be somebody known."""
    asked = [
        {
            "place": place,
            "name": one.name,
            "kinds": [kind for kind, _ in one.keys],
            "vals": [value for _, value in one.keys],
            "gstin": one.gstin,
        }
        for place, one in rows.items()
    ]
    found: dict[int, list[Candidate]] = {}
    for one in await tx.many(EACH, _Placed, rows=asked) if asked else []:
        found.setdefault(one.place, []).append(one)
    return {place: softened(some) for place, some in found.items()}


async def accounts(tx: Tx, account: Account, reach: Reach) -> list[AccountAlike]:
    """Those in reach that share the domain, the tax number or the name, the surest first."""
    return softened(
        await tx.many(
            ACCOUNTS,
            AccountAlike,
            domain=account.domain,
            gstin=account.gstin,
            name=account.name,
            **reach.params(),
        )
    )
