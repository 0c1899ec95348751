"""Leads under a name, however it is spelled."""

from collections.abc import Mapping

from tandem.contracts.likeness import softened
from tandem.crm.sales.domain.leads import LeadAlike
from tandem.kernel.db import Query, Tx
from tandem.kernel.reach import Reach, within

NAMED = Query(
    """
    with wanted (name_key, sound_key) as (
        select kernel.name_key(:name), kernel.sound_key(:name)
    ),
    alike (lead_id, reason, strength) as (
        (select l.id, 'name', 2 from sales.lead l
          where l.org_id = :org_id and l.name_key = (select name_key from wanted)
            and l.name_key <> '' and l.merged_into_id is null and l.erased_at is null
            and """
    + within("l")
    + """
          limit 20)
        union
        (select l.id, 'spelling', case when strpos(l.sound_key, ' ') > 0 then 3 else 4 end
           from sales.lead l
          where l.org_id = :org_id and l.sound_key = (select sound_key from wanted)
            and l.sound_key <> '' and l.name_key <> (select name_key from wanted)
            and l.merged_into_id is null and l.erased_at is null
            and """
    + within("l")
    + """
          limit 20)
    )
    select 'lead' as thing, l.id, l.number, l.name, l.company_name,
           array[alike.reason] as matched_on,
           (array['strong', 'likely', 'possible', 'faint'])[alike.strength] as strength
      from alike
      join sales.lead l on l.org_id = :org_id and l.id = alike.lead_id
     order by alike.strength, l.id
     limit 20
    """
)

# One look-up by each key for each row of a file; of a name that many have, enough to know it.
NAMED_EACH = Query(
    """
    with asked as materialized (
        select place, kernel.name_key(name) as name_key, kernel.sound_key(name) as sound_key
          from jsonb_to_recordset(:rows::jsonb) as given (place int, name text)
    )
    select asked.place, 'lead' as thing, found.id, found.number, found.name, found.company_name,
           array[found.reason] as matched_on, found.strength
      from asked
     cross join lateral (
           (select l.id, l.number, l.name, l.company_name, 'name' as reason,
                   'likely' as strength
              from sales.lead l
             where l.org_id = :org_id and l.name_key = asked.name_key and l.name_key <> ''
               and l.merged_into_id is null and l.erased_at is null
             limit 7)
           union all
           (select l.id, l.number, l.name, l.company_name, 'spelling', 'possible'
              from sales.lead l
             where l.org_id = :org_id and l.sound_key = asked.sound_key
               and strpos(l.sound_key, ' ') > 0 and l.name_key <> asked.name_key
               and l.merged_into_id is null and l.erased_at is null
             limit 7)) as found
     order by asked.place, found.strength, found.id
    """
)


class _Placed(LeadAlike, frozen=True, kw_only=True):
    place: int


async def named(tx: Tx, name: str, reach: Reach) -> list[LeadAlike]:
    """Those in reach under this name, the surest first."""
    return softened(await tx.many(NAMED, LeadAlike, name=name, **reach.params()))


async def named_each(tx: Tx, names: Mapping[int, str]) -> dict[int, list[LeadAlike]]:
    """The same for rows of a file, whoever's the leads are: only rows whose name is known."""
    rows = [{"place": place, "name": name} for place, name in names.items() if name]
    found: dict[int, list[LeadAlike]] = {}
    for one in await tx.many(NAMED_EACH, _Placed, rows=rows) if rows else []:
        found.setdefault(one.place, []).append(one)
    return {place: softened(some) for place, some in found.items()}
