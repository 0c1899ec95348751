"""Tell it once, aloud."""

import json
import sys

from tests.flows.story import Story

with open(sys.argv[1]) as file:
    ready = json.load(file)
Story(ready, say=lambda text: print(text)).run()  # noqa: T201  a script's own voice
