"""`tandem up`, from the parsed command line to the exit code."""

import argparse
from typing import NoReturn

from tandem.app.embedded import CannotRun, DataLock
from tandem.app.supervisor.console import Console
from tandem.app.supervisor.installation import Installation
from tandem.app.supervisor.options import Options, data_folder, options_of
from tandem.app.supervisor.refusals import CannotStart
from tandem.app.supervisor.signals import Signals, StopRequested
from tandem.app.supervisor.summary import check_ready_file


def up(parsed: argparse.Namespace) -> int:
    """Run until Ctrl-C, SIGTERM or SIGHUP: 0 then, 1 when the start failed with a reason."""
    console, signals = Console(), Signals()
    try:
        _run(options_of(parsed), console, signals)
    except StopRequested:
        console.say("Tandem has stopped.")
        return 0
    except (CannotRun, CannotStart) as reason:
        console.complain(f"tandem up: {reason}")
    except PermissionError as reason:
        console.complain(f"tandem up: {reason.filename} is not ours to write. Choose --data.")
    except OSError as reason:
        if reason.filename is None:
            raise
        console.complain(f"tandem up: {reason.filename}: {reason.strerror}.")
    return 1


def _run(options: Options, console: Console, signals: Signals) -> NoReturn:
    if options.ready_file:
        check_ready_file(options.ready_file)
    data = data_folder(options.data)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    console.say(f"Tandem starts; its data lies in {data}")
    lock = DataLock(data).acquire()
    installation = Installation(options, data, console, signals)
    try:
        installation.start()
        installation.watch()
    finally:
        signals.disarm()
        installation.stop()
        lock.release()
