"""pgbench with a script of ours, on the same server, as the same role, behind the same walls."""

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from bench import cpu
from bench.world import World

SCRIPTS = Path(__file__).parent / "sql"


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Per transaction, but for the rate, which is a second's."""

    rate: float
    latency_ms: float
    cpu_ms: float


def run(
    world: World, script: str, *, clients: int, seconds: int, values: Mapping[str, str]
) -> Figures:
    """Prepared statements, generic plans, no JIT: what the suite's own pool uses.

    `cpu_ms` is PostgreSQL's alone.
    """
    text = (SCRIPTS / script).read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    options = [
        f"-c app.org_id={world.company.org_id}",
        "-c plan_cache_mode=force_generic_plan",
        "-c jit=off",
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(text)
        file.flush()
        children = len(cpu.children_of(world.postmaster))
        before = cpu.family_seconds(world.postmaster)
        process = subprocess.Popen(
            [
                str(world.programs / "pgbench"),
                *("--client", str(clients), "--jobs", "1", "--time", str(seconds)),
                *("--protocol", "prepared", "--no-vacuum", "--file", file.name),
                world.app_dsn,
            ],
            env=os.environ | {"PGOPTIONS": " ".join(options)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        output, _ = process.communicate()
        assert process.returncode == 0, output
        cpu.wait_until(world.postmaster, children)
        spent = cpu.family_seconds(world.postmaster) - before
    count = int(_figure(r"transactions actually processed: (\d+)", output))
    return Figures(
        rate=_figure(r"tps = ([\d.]+)", output),
        latency_ms=_figure(r"latency average = ([\d.]+)", output),
        cpu_ms=spent / count * 1000,
    )


def best(
    world: World, script: str, *, clients: tuple[int, ...], seconds: int, values: Mapping[str, str]
) -> Figures:
    """The peer at whichever number of clients serves it best."""
    tried = [run(world, script, clients=count, seconds=seconds, values=values) for count in clients]
    return max(tried, key=lambda figures: figures.rate)


def _figure(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    assert found, text
    return float(found[1])
