"""A request for each operation over a connection that is kept alive, in MessagePack or JSON.

There is no lease: instances live until they are closed, or the server's idle timeout closes them.
"""

import http.client
import itertools
import threading
import time
import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

from gym_server_client.address import Address
from gym_server_client.errors import ServerUnreachable, refusal
from gym_server_client.transport import KEYED, Call, Patience
from gym_server_client.values import Encoding, pack, unpack

_MEDIA_TYPES: dict[Encoding, str] = {"json": "application/json", "msgpack": "application/msgpack"}
_ROUTES = {
    "create": ("POST", "/v2/envs"),
    "describe": ("GET", "/v2/envs/{instance_id}"),
    "close": ("DELETE", "/v2/envs/{instance_id}"),
    "reset": ("POST", "/v2/envs/{instance_id}/reset"),
    "step": ("POST", "/v2/envs/{instance_id}/step"),
    "render": ("GET", "/v2/envs/{instance_id}/render"),
    "step_many": ("POST", "/v2/step"),
    "reset_many": ("POST", "/v2/reset"),
}
_PICTURES = {"png": "image/png", "text": "text/plain"}
_PAUSES_S = (0.0, 0.05, 0.1, 0.2, 0.5)  # between attempts to connect, the last one repeated
_MAX_STATUS_OK = 299


class _Request(NamedTuple):
    method: str
    path: str
    body: bytes | None
    headers: dict[str, str]


class HttpTransport:
    """One connection, whichever thread uses it; implements `Transport`. Calls run one after the other."""

    def __init__(self, address: Address, encoding: Encoding, patience: Patience) -> None:
        self.encoding = encoding
        self._address = address
        self._connection = _connection(address, patience.answer_s)
        self._patience = patience
        self._numbers = itertools.count()
        self._key = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._was_connected = False

    def call_all(self, calls: Sequence[Call]) -> list[Any]:
        """What became of each call, as the interface has it."""
        with self._lock:
            return [self._answer(self._request(made)) for made in calls]

    def close(self) -> None:
        """There is no connection."""
        with self._lock:
            self._connection.close()

    def _request(self, made: Call) -> _Request:
        method, route = _ROUTES[made.op]
        request = self._bare_request(method, route.format_map(made.fields))
        if made.op == "render":
            return request._replace(headers=request.headers | {"Accept": _PICTURES[made.fields["kind"]]})
        if method != "POST":
            return request
        content = {name: value for name, value in made.fields.items() if f"{{{name}}}" not in route}
        headers = request.headers | {"Content-Type": _MEDIA_TYPES[self.encoding]}
        if made.op in KEYED:
            headers["Idempotency-Key"] = f"{self._key}-{next(self._numbers)}"
        return request._replace(body=pack(content, self.encoding), headers=headers)

    def _bare_request(self, method: str, path: str) -> _Request:
        query = "?arrays=base64" if self.encoding == "json" else ""
        headers = {"Accept": _MEDIA_TYPES[self.encoding], **self._address.headers}
        return _Request(method, f"{self._address.prefix}{path}{query}", None, headers)

    def _answer(self, request: _Request) -> Any:
        """The body or the error; where the connection broke, the same request is sent again under its key."""
        patience_s = self._patience.reconnect_s if self._was_connected else 0.0
        deadline = time.monotonic() + patience_s
        for attempt in itertools.count():
            try:
                return self._ask(request)
            except TimeoutError as late:
                self._connection.close()
                raise ServerUnreachable(f"no answer within {self._patience.answer_s:g} s") from late
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                pause_s = _PAUSES_S[min(attempt, len(_PAUSES_S) - 1)]
                if time.monotonic() + pause_s > deadline:
                    raise ServerUnreachable(f"{self._address.netloc} cannot be reached: {error}") from error
                time.sleep(pause_s)
        raise AssertionError  # the loop has no end but those above

    def _ask(self, request: _Request) -> Any:
        self._connection.request(request.method, request.path, request.body, request.headers)
        response = self._connection.getresponse()
        self._was_connected = True
        content = response.read()
        media_type = response.headers.get_content_type()
        if response.status > _MAX_STATUS_OK:
            return refusal(response.status, media_type, content)
        if media_type in _PICTURES.values():
            return {"media_type": media_type, "data": content}
        return unpack(content, self.encoding) if content else None


def _connection(address: Address, timeout_s: float) -> http.client.HTTPConnection:
    if address.ssl_context:
        return http.client.HTTPSConnection(address.host, address.port, timeout=timeout_s, context=address.ssl_context)
    return http.client.HTTPConnection(address.host, address.port, timeout=timeout_s)
