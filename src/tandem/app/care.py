"""`tandem secrets`: keys of the secrets at rest. `tandem sending`: which installation sends.
`tandem analytics`: facts gathered anew. `tandem customers`: sums of their orders anew.
`tandem erasures`: erased again after a restore."""

import argparse

from tandem.app.loading import finish


def add_care(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    secrets = commands.add_parser("secrets", help="keys of the secrets at rest")
    verbs = secrets.add_subparsers(required=True, metavar="verb")
    verbs.add_parser("new-key", help="print a fresh key for TANDEM_SECRET_KEYS").set_defaults(
        run=_new_key
    )
    verbs.add_parser(
        "add-key", help="put a fresh key first in the data folder of `tandem up`"
    ).set_defaults(run=_add_key)
    verbs.add_parser("rotate", help="wrap every secret with the first key").set_defaults(
        run=_rotate
    )

    sending = commands.add_parser("sending", help="which installation sends messages")
    acts = sending.add_subparsers(required=True, metavar="verb")
    acts.add_parser("status", help="whether this one does, and else why not").set_defaults(
        run=_sending_status
    )
    acts.add_parser(
        "take-over", help="send from here on; the one that sent before keeps still"
    ).set_defaults(run=_take_over)

    numbers = commands.add_parser("analytics", help="facts, gathered from the event log")
    works = numbers.add_subparsers(required=True, metavar="verb")
    rebuild = works.add_parser("rebuild", help="all facts anew, while the service runs")
    rebuild.add_argument("--company", help="the company's short name; every one otherwise")
    rebuild.set_defaults(run=_rebuild)

    people = commands.add_parser("customers", help="what customers are known by")
    deeds = people.add_subparsers(required=True, metavar="verb")
    recount = deeds.add_parser("recount", help="what everybody's orders come to, summed anew")
    recount.add_argument("--company", help="the company's short name; every one otherwise")
    recount.set_defaults(run=_recount)

    forgotten = commands.add_parser("erasures", help="people who were erased")
    acts = forgotten.add_subparsers(required=True, metavar="verb")
    replay = acts.add_parser("replay", help="erase again whom a restored backup brought back")
    replay.set_defaults(run=_replay)


def _replay(_: argparse.Namespace) -> int:
    from tandem.app.rebuilding import replay_erasures
    from tandem.app.settings import read_settings
    from tandem.app.supervisor.beside import environment

    for line in finish(replay_erasures(read_settings(environment()))):
        _say(line)
    return 0


def _rebuild(options: argparse.Namespace) -> int:
    from tandem.app.rebuilding import rebuild
    from tandem.app.settings import read_settings
    from tandem.app.supervisor.beside import environment

    for line in finish(rebuild(read_settings(environment()), company=options.company)):
        _say(line)
    return 0


def _recount(options: argparse.Namespace) -> int:
    from tandem.app.rebuilding import recount
    from tandem.app.settings import read_settings
    from tandem.app.supervisor.beside import environment

    for line in finish(recount(read_settings(environment()), company=options.company)):
        _say(line)
    return 0


def _sending_status(_: argparse.Namespace) -> int:
    from tandem.app.sending import standing
    from tandem.app.settings import read_settings
    from tandem.app.supervisor.beside import environment

    reason = finish(standing(read_settings(environment())))
    _say(reason or "this installation sends")
    return 1 if reason else 0


def _take_over(_: argparse.Namespace) -> int:
    from tandem.app.sending import take_over
    from tandem.app.settings import read_settings
    from tandem.app.supervisor.beside import environment

    is_new = finish(take_over(read_settings(environment())))
    _say("this installation sends from now on" if is_new else "it did already")
    return 0


def _new_key(_: argparse.Namespace) -> int:
    from tandem.kernel.secrets import new_key

    _say(new_key())
    return 0


def _add_key(_: argparse.Namespace) -> int:
    import os

    from tandem.app.supervisor.kept import add_secret_key
    from tandem.app.supervisor.options import data_folder

    add_secret_key(data_folder(None, os.environ))
    _say("a new key stands first; start again, then `tandem secrets rotate`")
    return 0


def _rotate(_: argparse.Namespace) -> int:
    from tandem.app.sealed import rotate
    from tandem.app.settings import read_settings
    from tandem.app.supervisor.beside import environment

    _say(f"{finish(rotate(read_settings(environment())))} secrets moved to the first key")
    return 0


def _say(text: str) -> None:
    print(text)  # noqa: T201  the command line's own voice
