"""A load generator in a process of its own: keep-alive connections over loopback, nothing else.

Run as `python -m bench.load` with a `Plan` as JSON on standard input; prints a `Result` as JSON.
Each connection sends its next request when the answer to the last is whole, or, with a rate, when
its turn has come: then a request's time counts from its turn, so a slow answer is not hidden.
"""

import asyncio
import resource
import subprocess
import sys
import time

import msgspec
import uvloop


class Plan(msgspec.Struct, kw_only=True):
    """`requests` are whole HTTP/1.1 requests, sent round robin; `{n}` becomes a running number."""

    host: str
    port: int
    connections: int
    requests: list[str]
    count: int
    rate: float = 0.0
    first: int = 0


class Result(msgspec.Struct, kw_only=True):
    """Seconds throughout; `latencies` are sorted. `statuses` counts answers by status."""

    elapsed: float
    cpu: float
    latencies: list[float]
    statuses: dict[str, int]

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.elapsed

    def percentile(self, share: float) -> float:
        return self.latencies[min(int(len(self.latencies) * share), len(self.latencies) - 1)]


def run(plan: Plan) -> Result:
    """Generate the load from another process and wait for its figures."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=msgspec.json.encode(plan),
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=Result)


class Caller(asyncio.Protocol):
    """One connection with one request in flight."""

    def __init__(self, crowd: "Crowd") -> None:
        self.crowd = crowd
        self.held = b""
        self.due = 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # a TCP connection is a Transport

    def send(self) -> None:
        assert self.transport is not None, "requests are sent on open connections"
        turn = self.crowd.next_request()
        if turn is None:
            self.transport.close()
            return
        request, self.due = turn
        wait = self.due - time.perf_counter()
        if wait > 0:
            asyncio.get_running_loop().call_later(wait, self.transport.write, request)
        else:
            self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.held += data
        end = self.held.find(b"\r\n\r\n")
        if end < 0:
            return
        at = self.held.find(b"content-length:", 0, end)
        length = int(self.held[at + 15 : self.held.index(b"\r\n", at)]) if at >= 0 else 0
        if len(self.held) < end + 4 + length:
            return
        status = self.held[9:12].decode()
        self.held = b""
        self.crowd.record(status, time.perf_counter() - self.due)
        self.send()

    def connection_lost(self, reason: Exception | None) -> None:
        self.crowd.leave()


class Crowd:
    """All connections of a run and what they have seen."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.requests = [request.encode() for request in plan.requests]
        self.sent = 0
        self.left = plan.connections
        self.latencies: list[float] = []
        self.statuses: dict[str, int] = {}
        self.finished = asyncio.Event()
        self.began = 0.0

    def next_request(self) -> tuple[bytes, float] | None:
        number = self.sent
        if number >= self.plan.count:
            return None
        self.sent += 1
        request = self.requests[number % len(self.requests)]
        due = self.began + number / self.plan.rate if self.plan.rate else time.perf_counter()
        return request.replace(b"{n}", b"%09d" % (self.plan.first + number), 1), due

    def record(self, status: str, seconds: float) -> None:
        self.latencies.append(seconds)
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def leave(self) -> None:
        self.left -= 1
        if not self.left:
            self.finished.set()


async def generate(plan: Plan) -> Result:
    loop = asyncio.get_running_loop()
    crowd = Crowd(plan)
    callers = [
        (await loop.create_connection(lambda: Caller(crowd), plan.host, plan.port))[1]
        for _ in range(plan.connections)
    ]
    crowd.began = time.perf_counter()
    for caller in callers:
        caller.send()
    await crowd.finished.wait()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return Result(
        elapsed=time.perf_counter() - crowd.began,
        cpu=usage.ru_utime + usage.ru_stime,
        latencies=sorted(crowd.latencies),
        statuses=crowd.statuses,
    )


if __name__ == "__main__":
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Plan)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(generate(asked))))
