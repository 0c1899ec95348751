"""`python -m tandem.sandbox`: the stand-ins as one process on loopback."""

import argparse
import gc
from pathlib import Path

from tandem.sandbox.settings import SandboxSettings


def main() -> None:
    """Loaded with the collector held: what is made until then stays for good."""
    settings = read_settings()
    gc.disable()
    import uvicorn

    from tandem.sandbox.server import serving

    server = uvicorn.Server(serving(settings))
    gc.freeze()
    gc.enable()
    server.run()


def read_settings(arguments: list[str] | None = None) -> SandboxSettings:
    parser = argparse.ArgumentParser(prog="tandem.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--clock-file", type=Path, required=True)
    parser.add_argument("--webhook-base", help="the product's address, for webhooks")
    return SandboxSettings(**vars(parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
