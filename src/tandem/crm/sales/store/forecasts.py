"""The forecast in one statement: exact numerics, rounded once at the end."""

from collections.abc import Sequence
from uuid import UUID

from tandem.crm.sales.domain.forecasts import Ask, ForecastRow
from tandem.kernel.db import Query, Tx
from tandem.kernel.reach import Reach, within

FORECAST = Query(
    """
    with seen as (
        select o.status, o.amount_minor * o.fx_rate * o.fx_scale as amount,
               coalesce(o.manual_probability, s.probability) as probability,
               case :group_by::text
                    when 'month' then to_char(date_trunc('month', o.close_on), 'YYYY-MM-DD')
                    when 'quarter' then to_char(date_trunc('quarter', o.close_on), 'YYYY-MM-DD')
                    when 'owner' then coalesce(o.owner_id::text, '')
                    when 'team' then coalesce(o.team_id::text, (
                        select min(m.team::text)
                          from unnest(:members::uuid[], :teams::uuid[]) as m (person, team)
                         where m.person = o.owner_id), '')
                    when 'currency' then o.currency
                    when 'stage' then o.stage_id::text
                    else o.pipeline_id::text
               end as key
          from sales.opportunity o
          join sales.stage s on s.org_id = o.org_id and s.id = o.stage_id
         where o.org_id = :org_id and o.status <> 'lost' and o.amount_minor is not null
           and o.close_on between :from_on and :to_on
           and (:pipeline_id::uuid is null or o.pipeline_id = :pipeline_id)
           and """
    + within("o")
    + """
    )
    select coalesce(key, '') as key, count(*)::int as count,
           coalesce(round(sum(amount) filter (where status = 'open')), 0)::bigint as open_minor,
           coalesce(round(sum(amount * probability / 100) filter (where status = 'open')), 0)
               ::bigint as weighted_minor,
           coalesce(round(sum(amount) filter (where status = 'won')), 0)::bigint as won_minor,
           grouping(key) = 1 as is_total
      from seen
     group by rollup (key)
     order by is_total, key
    """
)


class _Row(ForecastRow, frozen=True, kw_only=True):
    is_total: bool


async def forecast(
    tx: Tx, ask: Ask, reach: Reach, team_of: Sequence[tuple[UUID, UUID]] = ()
) -> tuple[list[ForecastRow], ForecastRow]:
    """A row for each key, and the total over all of them, rounded by itself. `team_of` are people
    with their teams, for deals that belong to none."""
    found = await tx.many(
        FORECAST,
        _Row,
        group_by=ask.group_by,
        from_on=ask.from_on,
        to_on=ask.to_on,
        pipeline_id=ask.pipeline_id,
        members=[person for person, _ in team_of],
        teams=[team for _, team in team_of],
        **reach.params(),
    )
    rows = [(_plain(row), row.is_total) for row in found]
    total = next(row for row, is_total in rows if is_total)
    return [row for row, is_total in rows if not is_total], total


def _plain(row: _Row) -> ForecastRow:
    return ForecastRow(
        key=row.key,
        count=row.count,
        open_minor=row.open_minor,
        weighted_minor=row.weighted_minor,
        won_minor=row.won_minor,
    )
