"""The command line's tools show a token, and tell nobody what it is."""

import os
import subprocess
import sys

import psutil
import pytest

from tests.security.holders import STRANGER, TOKENS, Guarded
from tests.server import ROOT


def gym_server(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "gateway", *arguments]
    environment = os.environ | variables
    return subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_token_comes_as_a_flag_a_variable_or_in_the_url(guarded: Guarded) -> None:
    """Whichever is there."""
    url, token = guarded.server.url, TOKENS["alice"]
    instance_id = guarded.created("alice")
    for ended in (
        gym_server("ls", "--url", url, "--token", token),
        gym_server("ls", "--url", url, GYM_SERVER_TOKEN=token),
        gym_server("ls", GYM_SERVER_URL=url.replace("://", f"://{token}@")),
    ):
        assert ended.returncode == 0, ended.stderr
        assert instance_id in ended.stdout
    assert gym_server("kill", instance_id, "--url", url, GYM_SERVER_TOKEN=TOKENS["bob"]).returncode == 1
    assert gym_server("close", instance_id, "--url", url, GYM_SERVER_TOKEN=token).returncode == 0


@pytest.mark.parametrize("token", [None, STRANGER])
def test_without_the_right_one_a_sentence_says_what_to_do(guarded: Guarded, token: str | None) -> None:
    """And no stack, and not the token."""
    url = guarded.server.url.replace("://", f"://{token}@") if token else guarded.server.url
    ended = gym_server("ls", "--url", url)
    assert ended.returncode == 1
    assert "--token" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert STRANGER not in ended.stderr
    unreachable = gym_server("ls", "--url", f"http://{STRANGER}@127.0.0.1:1")
    assert "cannot be reached" in unreachable.stderr
    assert STRANGER not in unreachable.stderr


def test_a_list_of_processes_does_not_show_it(guarded: Guarded) -> None:
    """While a command runs that shows it all the time."""
    line = [sys.executable, "-m", "gateway", "top", "--url", guarded.server.url, "--token", TOKENS["alice"]]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout
        process.stdout.read(1)  # it has begun to show what it has been told
        assert TOKENS["alice"] not in " ".join(psutil.Process(process.pid).cmdline())
        process.kill()
