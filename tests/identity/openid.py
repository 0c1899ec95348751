"""The provider that nobody here wrote, on loopback; and a browser that fills in its forms."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2 as httpx

ROOT = Path(__file__).parents[2]
CLIENT_ID, CLIENT_SECRET = "tandem", "a secret between the two of us"


@contextmanager
def run_provider(back: str) -> Iterator[str]:
    """Yields its issuer; ends when the block does."""
    process = subprocess.Popen(
        ["node", str(Path(__file__).with_name("provider.mjs")), back],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        issuer = process.stdout.readline().strip()
        while issuer and not issuer.startswith("http://127.0.0.1"):
            issuer = process.stdout.readline().strip()
        assert issuer, "the provider did not start: npm packages are missing"
        yield issuer
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


async def go_through(where: str, who: str, *, back: str) -> dict[str, str]:
    """Sign in at the provider as `who` and agree; what it sends back to us."""
    async with httpx.AsyncClient(timeout=20) as browser:
        answer = await browser.get(where)
        for _ in range(12):
            if answer.is_redirect:
                to = urljoin(str(answer.url), answer.headers["location"])
                if to.startswith(back):
                    return {name: value[0] for name, value in parse_qs(urlsplit(to).query).items()}
                answer = await browser.get(to)
                continue
            form = re.search(r'action="([^"]+)"', answer.text)
            prompt = re.search(r'name="prompt" value="([^"]+)"', answer.text)
            assert form, answer.text[:500]
            assert prompt, answer.text[:500]
            filled = {"prompt": prompt[1], "login": who, "password": "x"}
            answer = await browser.post(urljoin(str(answer.url), form[1]), data=filled)
    raise AssertionError("the provider never sent us back")
