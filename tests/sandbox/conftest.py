from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.listening import Listener, listening
from tests.sandbox.serving import Sandbox, running_sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path) as running:
        yield running


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as heard:
        yield heard
