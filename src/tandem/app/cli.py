"""`tandem`: one command line for running, looking after and trying out the suite."""

import argparse
import os
import sys

from tandem import __version__
from tandem.app.care import add_care
from tandem.app.loading import finish, hold_collector
from tandem.app.supervisor.options import add_arguments


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our words (`| head`) has read enough; what is left goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except _told() as reason:
        from tandem.app.faults import in_words

        if (words := in_words(reason)) is None:
            raise
        print(f"tandem: {words}", file=sys.stderr)  # noqa: T201  the command line's own voice
        return 2


def _told() -> tuple[type[Exception], ...]:
    from tandem.app.faults import TOLD

    return TOLD


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tandem", description=__doc__)
    parser.add_argument("--version", action="version", version=f"tandem {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_running(commands)
    _add_care(commands)
    _add_trying(commands)
    return parser


def _add_running(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    up = commands.add_parser("up", help="database, demo company, stand-ins, web and worker")
    add_arguments(up)
    up.set_defaults(run=_up)
    serve = commands.add_parser("serve", help="the web process")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8080)
    serve.add_argument("--socket", type=int, help="descriptor of a socket that listens already")
    serve.set_defaults(run=_serve)
    commands.add_parser("worker", help="events, jobs and rhythms").set_defaults(run=_worker)


def _add_care(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    commands.add_parser("migrate", help="bring the database up to date").set_defaults(run=_migrate)
    doctor = commands.add_parser("doctor", help="check invariants, queues and settings")
    doctor.add_argument("--live", action="store_true", help="also call the providers")
    doctor.add_argument("--retry-parked", action="store_true", help="give parked events new tries")
    doctor.set_defaults(run=_doctor)
    commands.add_parser("config", help="the settings in force, masked").set_defaults(run=_config)
    commands.add_parser("openapi", help="print the API's description").set_defaults(run=_openapi)
    reference = commands.add_parser("reference", help="write docs/reference")
    reference.add_argument("--check", action="store_true", help="only say whether it is fresh")
    reference.set_defaults(run=_reference)
    user = commands.add_parser("user", help="people who sign in").add_subparsers(required=True)
    create = user.add_parser("create", help="add a person to a company")
    create.add_argument("--email", required=True)
    create.add_argument("--name", required=True)
    create.add_argument("--role", default="admin")
    create.add_argument("--company", default="demo", help="the company's short name")
    create.add_argument("--company-name", help="found the company when it is not there")
    create.set_defaults(run=_user_create)
    add_care(commands)


def _add_trying(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    commands.add_parser("seed", help="make the demo company").set_defaults(run=_seed)
    simulate = commands.add_parser("simulate", help="drive demo vehicles along the streets")
    simulate.add_argument("--base-url", help="the installation's address (that of `tandem up`)")
    simulate.add_argument("--api-key", help="TANDEM_API_KEY, else the demo company's")
    simulate.add_argument("--speed", type=_speed, default=1.0, help="times faster than real")
    simulate.add_argument("--delivery", help="one delivery's id; all assigned ones otherwise")
    simulate.set_defaults(run=_simulate)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number above 0")
    return speed


def _up(options: argparse.Namespace) -> int:
    from tandem.app.supervisor.up import up

    return up(options)


def _serve(options: argparse.Namespace) -> int:
    hold_collector()
    from tandem.app.serve import serve
    from tandem.app.settings import read_settings

    return serve(read_settings(), host=options.host, port=options.port, listener=options.socket)


def _worker(_: argparse.Namespace) -> int:
    hold_collector()
    from tandem.app import worker
    from tandem.app.settings import read_settings

    return worker.main(read_settings())


def _migrate(_: argparse.Namespace) -> int:
    from tandem.app.migrate import migrate
    from tandem.app.settings import read_settings

    settings = read_settings()
    applied = finish(
        migrate(
            settings.database_url,
            app_role=settings.app_role,
            app_password=settings.derive("app-role"),
        )
    )
    _say(f"{len(applied)} migrations applied" if applied else "nothing to migrate")
    return 0


def _seed(_: argparse.Namespace) -> int:
    import msgspec

    from tandem.app.seed import seed
    from tandem.app.settings import read_settings
    from tandem.app.supervisor.beside import environment

    seeded = finish(seed(read_settings(environment())))
    _say(msgspec.json.encode(seeded).decode() if seeded else "a company is there already")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from tandem.app.doctor import examine
    from tandem.app.settings import read_settings
    from tandem.app.supervisor.beside import environment

    return finish(
        examine(
            read_settings(environment()), is_live=options.live, retry_parked=options.retry_parked
        )
    )


def _config(_: argparse.Namespace) -> int:
    from tandem.app.settings import read_settings, shown
    from tandem.app.supervisor.beside import environment

    for field, value in shown(read_settings(environment())).items():
        _say(f"TANDEM_{field.upper()}={value}")
    return 0


def _openapi(_: argparse.Namespace) -> int:
    from tandem.app.reference import openapi

    _say(openapi())
    return 0


def _reference(options: argparse.Namespace) -> int:
    from tandem.app.reference import write_reference

    return write_reference(check_only=options.check)


def _user_create(options: argparse.Namespace) -> int:
    from tandem.app.people import create_user
    from tandem.app.settings import read_settings
    from tandem.app.supervisor.beside import environment

    _say(finish(create_user(read_settings(environment()), options)))
    return 0


def _simulate(options: argparse.Namespace) -> int:
    from tandem.app.simulate import simulate
    from tandem.app.supervisor.beside import environment

    told = environment()
    options.base_url = options.base_url or told.get("TANDEM_BASE_URL", "http://127.0.0.1:8080")
    options.api_key = options.api_key or told.get("TANDEM_API_KEY", "")
    return simulate(options)


def _say(text: str) -> None:
    print(text)  # noqa: T201  the command line's own voice


if __name__ == "__main__":
    sys.exit(main())
