"""A client without manners: what it does, and whether the answer is one that its deeds explain."""

import contextlib
import http
import json
import os
import random
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx

_HARMLESS = ("CartPole-v1", "test/Well-v0", "test/PrintsOneLine-v0", "test/ReturnsNaN-v0")
_HARMFUL = tuple(
    f"test/{name}-v0"
    for name in (
        "Exits", "Segfaults", "Aborts", "Raises", "HangsInPython", "HangsInC", "StopsItself", "HangsInClose", "Leaks",
        "Floods", "Spawns", "SpawnsAndStays", "Forks", "RaisesInMake", "ExitsInMake", "OpensDescriptors",
        "ClosesDescriptors", "WritesToDescriptors",
    )
)  # fmt: skip
_MOST = 4
_TROUBLE = {"worker_crashed", "deadline_exceeded", "instance_gone", "environment_error", "unsupported"}
_ALWAYS = {"limit_reached", "reset_needed"}


class Guest:
    """One instance; `is_touched` once something was done to it that may end it."""

    def __init__(self, instance_id: str, env_id: str) -> None:
        self.instance_id = instance_id
        self.path = f"/v2/envs/{instance_id}"
        self.is_harmless = env_id in _HARMLESS
        self.is_touched = False


class Visitor:
    """Drives instances of its own at random; `complaints` are the answers that nothing explains."""

    def __init__(self, url: str, chance: random.Random) -> None:
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.complaints: list[str] = []
        self._url = url
        self._chance = chance
        self._http = httpx.Client(base_url=url, timeout=60)
        self._guests: list[Guest] = []
        self._deeds: dict[Callable[[Guest], None], int] = {
            self._behave: 60, self._misbehave: 8, self._reset: 12, self._look: 8, self._kill: 4, self._shoot: 4,
            self._stop: 2, self._hang_up: 4, self._close: 4,
        }  # fmt: skip

    def rage(self, is_over: threading.Event) -> None:
        """Goes on until it is over, or the server is."""
        while not is_over.is_set():
            try:
                if not self._guests or (len(self._guests) < _MOST and self._chance.random() < 0.1):
                    self._create()
                else:
                    (deed,) = self._chance.choices(list(self._deeds), list(self._deeds.values()))
                    deed(self._chance.choice(self._guests))
            except (httpx.TransportError, OSError) as error:
                self.complaints.append(f"the connection failed: {error!r}")
                return

    def leave(self, *, closing: bool) -> None:
        """Its instances are closed, unless the server is gone anyway."""
        while closing and self._guests:
            self._close(self._guests[0])
        self._http.close()

    def _create(self) -> None:
        env_id = self._chance.choice(_HARMLESS if self._chance.random() < 0.5 else _HARMFUL)
        fields = {"env_id": env_id, "on_crash": self._chance.choice(["fail", "restart"])}
        answer = self._http.post("/v2/envs", json=fields)
        self._judge("create", answer, explained=env_id.endswith("InMake-v0"))
        if answer.status_code == http.HTTPStatus.CREATED:
            guest = Guest(answer.json()["instance_id"], env_id)
            self._guests.append(guest)
            self._reset(guest)

    def _behave(self, guest: Guest) -> None:
        self._ask("step", guest, "POST", "/step", {"action": 0})

    def _misbehave(self, guest: Guest) -> None:
        guest.is_touched |= not guest.is_harmless
        self._ask("provoke", guest, "POST", "/step", {"action": 1})

    def _reset(self, guest: Guest) -> None:
        self._ask("reset", guest, "POST", "/reset")

    def _look(self, guest: Guest) -> None:
        self._ask("look", guest, "GET", self._chance.choice(["", "/logs?tail=1000", "/stack", "/statistics"]))

    def _kill(self, guest: Guest) -> None:
        guest.is_touched = True
        self._ask("kill", guest, "POST", "/kill")

    def _shoot(self, guest: Guest) -> None:
        self._signal("SIGKILL", guest)

    def _stop(self, guest: Guest) -> None:
        self._signal("SIGSTOP", guest)

    def _close(self, guest: Guest) -> None:
        self._guests.remove(guest)
        self._ask("close", guest, "DELETE", "")

    def _hang_up(self, guest: Guest) -> None:
        """Asks for a step over a connection that it does not wait on."""
        guest.is_touched |= not guest.is_harmless
        address, body = urlsplit(self._url), json.dumps({"action": 1})
        head = f"POST {guest.path}/step HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        with socket.create_connection((address.hostname or "", address.port or 0)) as connection:
            connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        self.outcomes["hang up", "-"] += 1

    def _signal(self, name: str, guest: Guest) -> None:
        """As an operator's shell would; a number that meanwhile is somebody else's is left alone."""
        guest.is_touched = True
        pid = self._http.get(guest.path).json().get("pid")
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            if pid is None:
                return
            pidfd = os.pidfd_open(pid)
            try:
                if guest.instance_id in Path(f"/proc/{pid}/cmdline").read_text():
                    signal.pidfd_send_signal(pidfd, signal.Signals[name])
                    self.outcomes[name, "-"] += 1
            finally:
                os.close(pidfd)

    def _ask(self, what: str, guest: Guest, method: str, path: str, body: object = None) -> None:
        answer = self._http.request(method, guest.path + path, json=body)
        self._judge(what, answer, explained=guest.is_touched)

    def _judge(self, what: str, answer: httpx.Response, *, explained: bool) -> None:
        code = "" if answer.is_success else answer.json()["code"]
        self.outcomes[what, f"{answer.status_code} {code}".strip()] += 1
        if code and code not in _ALWAYS and not (explained and code in _TROUBLE):
            self.complaints.append(f"{what}: {answer.status_code} {answer.text:.300}")
