"""Orders a second and CPU an order: the suite through HTTP against pgbench's bare statements."""

import asyncio
import time
from statistics import median
from uuid import UUID

import asyncpg
import msgspec

from bench import cpu, load, pgbench
from bench.table import Row, at_least, at_most
from bench.world import HOME, Company, World
from tandem.app.wiring import import_reactions
from tandem.kernel.events import subscribers_of

CLIENTS = 128
BUYERS = 64
PEER_CLIENTS = (8, 16, 32)
BODY_BYTES = 2_750
"""How long an order's answer is: the peers keep as much under their idempotency keys."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """`cpu_ms` is the web process's and PostgreSQL's per order, without the load generator."""

    rate: float
    web_ms: float
    postgres_ms: float
    p50_ms: float
    p99_ms: float

    @property
    def cpu_ms(self) -> float:
        return self.web_ms + self.postgres_ms


def measure(world: World, *, rounds: int, count: int, seconds: int) -> list[Row]:
    """Ours and the peers turn by turn, so that whatever else the machine does hurts both."""
    asyncio.run(prepare(world))
    values = peer_values(world.company)
    place(world, key=0, count=2_000, run=0)
    ours, peers = [], {name: list[pgbench.Figures]() for name in PEERS}
    for turn in range(rounds):
        ours.append(place(world, key=1 + turn, count=count, run=1 + turn))
        for name, (script, changes) in PEERS.items():
            peers[name].append(
                pgbench.best(
                    world, script, clients=PEER_CLIENTS, seconds=seconds, values=values | changes
                )
            )
    rate = median(each.rate for each in ours)
    asyncio.run(settle(world))
    half = place(world, key=20, count=int(rate * seconds / 2), run=90, rate=rate / 2)
    rates = {name: median(each.rate for each in measured) for name, measured in peers.items()}
    return [
        Row("3-line orders through HTTP", f"{rate:.0f}/s"),
        *(Row(f"  pgbench, {name}", f"{found:.0f}/s") for name, found in rates.items()),
        at_least(
            "against the same writes in one statement",
            rate / rates[SAME_WRITES],
            1.5,
            unit="x",
            budget=">= 1.5x",
        ),
        Row("  against one without the counter", f"{rate / rates[NO_COUNTER]:.2f}x"),
        Row("  against separate statements", f"{rate / rates[SEPARATE]:.2f}x"),
        at_most(
            "CPU an order, web + PostgreSQL",
            median(each.cpu_ms for each in ours),
            1.0,
            unit=" ms",
            budget="<= 1 ms",
        ),
        Row("  of it in the web process", f"{median(each.web_ms for each in ours):.2f} ms"),
        Row(
            "  PostgreSQL alone in one statement",
            f"{median(each.cpu_ms for each in peers[NO_COUNTER]):.2f} ms",
        ),
        Row("  median time at full load", f"{median(each.p50_ms for each in ours):.1f} ms"),
        at_most("p99 at half load", half.p99_ms, 50, unit=" ms", budget="< 50 ms"),
    ]


def measure_hot(world: World, *, rounds: int, count: int, seconds: int) -> list[Row]:
    """64 buyers of one SKU. The peer places the same orders and locks the shelf for each by
    SELECT FOR UPDATE, as shops do; beside it, what the lock alone allows.
    """
    asyncio.run(prepare(world))
    hot = {"variant": str(world.company.variants[0])}
    values = peer_values(world.company) | hot
    ours, peers, bare = [], [], []
    for turn in range(rounds):
        ours.append(
            place(world, key=10 + turn, count=count, run=50 + turn, clients=BUYERS, is_hot=True)
        )
        peers.append(_hot_peer(world, "hot_order.sql", values, seconds))
        bare.append(_hot_peer(world, "hot_hold.sql", values, seconds))
    mine, peer = median(each.rate for each in ours), median(peers)
    return [
        Row("64 buyers on one SKU, through HTTP", f"{mine:.0f}/s"),
        Row("  pgbench, SELECT FOR UPDATE, the same order", f"{peer:.0f}/s"),
        Row("  pgbench, SELECT FOR UPDATE, the hold alone", f"{median(bare):.0f}/s"),
        at_least("against SELECT FOR UPDATE", mine / peer, 5, unit="x", budget=">= 5x"),
    ]


def _hot_peer(world: World, script: str, values: dict[str, str], seconds: int) -> float:
    return pgbench.run(world, script, clients=BUYERS, seconds=seconds, values=values).rate


def place(
    world: World,
    *,
    key: int,
    count: int,
    run: int,
    clients: int = CLIENTS,
    is_hot: bool = False,
    rate: float = 0.0,
) -> Measured:
    plan = load.Plan(
        host="127.0.0.1",
        port=world.port,
        connections=clients,
        requests=requests(world.company, world.company.keys[key], run, is_hot=is_hot),
        count=count,
        rate=rate,
    )
    web, postgres = cpu.seconds_of(world.web), cpu.family_seconds(world.postmaster)
    result = load.run(plan)
    web = cpu.seconds_of(world.web) - web
    postgres = cpu.family_seconds(world.postmaster) - postgres
    assert result.statuses == {"201": count}, result.statuses
    return Measured(
        rate=result.rate,
        web_ms=web / count * 1000,
        postgres_ms=postgres / count * 1000,
        p50_ms=result.percentile(0.5) * 1000,
        p99_ms=result.percentile(0.99) * 1000,
    )


def requests(company: Company, key: str, run: int, *, is_hot: bool) -> list[str]:
    """Whole requests; each order has its own idempotency key, its buyer and its three lines."""
    skus, buyers = company.skus, company.customers
    made = []
    for number in range(2 * len(skus)):
        start = 0 if is_hot else number * 7
        chosen = [skus[0]] if is_hot else [skus[(start + step) % len(skus)] for step in range(3)]
        body = {
            "customer_id": buyers[number % len(buyers)],
            "lines": [{"sku": sku, "quantity": 1} for sku in chosen],
            "ship_to": HOME,
            "channel": "web",
        }
        text = msgspec.json.encode(body).decode()
        made.append(
            "POST /v1/orders HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
            f"authorization: Bearer {key}\r\nidempotency-key: {run}-{{n}}\r\n"
            f"content-length: {len(text)}\r\n\r\n{text}"
        )
    return made


SAME_WRITES = "the same writes in one statement"
NO_COUNTER = "a sequence (leaves gaps) for the counter"
SEPARATE = "a sequence, separate statements"

COUNTED = {
    "number_cte": """counted as (
    update kernel.number_series set next_value = next_value + 1
     where org_id = '@org@' and kind = 'bench' and period = ''
    returning next_value
),""",
    "number": "counted.next_value",
    "number_from": ", counted",
}

PEERS = {
    SAME_WRITES: ("order_in_one_statement.sql", COUNTED),
    NO_COUNTER: ("order_in_one_statement.sql", {}),
    SEPARATE: ("order_in_statements.sql", {}),
}


def peer_values(company: Company) -> dict[str, str]:
    import_reactions()
    return {
        "number_cte": "",
        "number": "nextval('bench_number')",
        "number_from": "",
        "subscribers": _array(subscribers_of("orders.placed.v1")),
        "payload": _literal({"order_id": UUID(int=0), "number": "SO-1001"}),
        "address": _literal(HOME),
        "body": "x" * BODY_BYTES,
        "variants": str(len(company.variants)),
        "customers": str(len(company.customers)),
        "location": str(company.location_id),
        "org": str(company.org_id),
    }


def _literal(value: object) -> str:
    """JSON in which pgbench sees no variable: to it `:null` is one, `: null` is not."""
    return msgspec.json.encode(value).decode().replace('":', '": ')


def _array(items: list[str]) -> str:
    listed = ", ".join(f"'{item}'" for item in items)
    return f"array[{listed}]"


async def settle(world: World, *, seconds_max: float = 90.0) -> None:
    """Let PostgreSQL end what the peers' million rows left it to do: a checkpoint, vacuums.

    Times at half load are the suite's own; with two cores a vacuum of theirs takes one of them.
    """
    connection = await asyncpg.connect(world.owner_dsn)
    await connection.execute("checkpoint")
    deadline = time.monotonic() + seconds_max
    while time.monotonic() < deadline and await connection.fetchval(
        "select exists (select from pg_stat_activity where backend_type = 'autovacuum worker')"
    ):
        await asyncio.sleep(0.5)
    await connection.close()


async def prepare(world: World) -> None:
    """What the peers draw from: SKUs and buyers by place, numbers apart from the suite's own."""
    connection = await asyncpg.connect(world.owner_dsn)
    await connection.execute(
        """
        create sequence if not exists bench_number start 100000000;
        grant usage on sequence bench_number to tandem_app;
        drop table if exists bench_sku, bench_buyer;
        create table bench_sku (n int primary key, id uuid not null);
        create table bench_buyer (n int primary key, id uuid not null);
        grant select on bench_sku, bench_buyer to tandem_app;
        insert into kernel.number_series (org_id, kind, period, next_value)
        select org_id, 'bench', '', 900000000 from identity.organisation
            on conflict do nothing
        """
    )
    for table, ids in (
        ("bench_sku", sorted(world.company.variants)),
        ("bench_buyer", world.company.customers),
    ):
        await connection.copy_records_to_table(table, records=list(enumerate(ids, start=1)))
    await connection.execute("analyze")
    await connection.close()
