"""Stand-ins for the outside world, over real HTTP and SMTP on loopback, with faults on demand.

The sandbox is a process of its own (`python -m tandem.sandbox`) that the product talks to as it
would talk to the vendors. It knows nothing of the product; state lives in one SQLite file in its
data folder and survives a restart and a kill -9.

How to plug in a stand-in
-------------------------
Write a module or package `tandem.sandbox.<name>` that exports `routes() -> list[handlers]` and
`prepare(deps)`, and add them to `ROUTES` and `PREPARE` in `tandem.sandbox.server`. `prepare` is
called once for each state the app is given, and is the place to

- create tables: `deps.store.create("create table if not exists ...")`;
- name the fault target: `deps.faults.declare(Target(name="razorpay", prefix="/razorpay",
  error_body=...))`. HTTP faults are then applied to every path below the prefix before any handler
  sees the request; faults of the stand-in's own making are listed in `kinds` and taken by its
  handlers with `deps.faults.take("razorpay", subject, {"callback_lost"})`;
- say how its webhooks are signed: `deps.webhooks.declare("razorpay", sign=...)`, and later
  `deps.webhooks.enqueue(...)`, inside the store's transaction that makes the event true;
- add loops to `deps.background` (coroutine functions that live as long as the server), and
  servers of other kinds to `deps.contexts` (entered before the first request).

Handlers receive the same object by the parameter `deps: NamedDependency[Dependencies]`. Time is
`deps.clock.now()`, which people and tests can move. Store calls are synchronous and short: never
await inside `with deps.store.transaction()`.

The city (`tandem.sandbox.city`) is pure and needs nothing of the server.
"""
