"""A client of one server's API, for commands: every failure is a sentence for a person."""

import http
import http.client
import json
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

LOOK_S = 10.0
"""How long an answer may take for which no environment is asked, seconds."""

_FIRST_ERROR = 400


class CommandFailed(Exception):
    """A command cannot do what it was asked for; the text says why."""


class Refused(CommandFailed):
    """The server answers with an error; `status` is that of HTTP."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class Answer(NamedTuple):
    """What came back for one request."""

    status: int
    reason: str
    length: int
    content: bytes


class Client:
    """One connection to the server at `url`, opened when it is first needed; a token may stand in its user part.

    Every request raises `CommandFailed` where the server cannot be reached, does not answer in time or is no
    gym-server, and `Refused` where its answer is an error. Times are in seconds.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url if "://" in url else f"http://{url}"
        try:
            parts = urlsplit(self.url)
            token = token or unquote(parts.password or parts.username or "")
            self.url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))  # as it is told to people
            kind = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}[parts.scheme]
            self._connection = kind(*_address(parts))
        except (KeyError, ValueError):
            raise CommandFailed(
                f"{url.rpartition('@')[2]!r} is not the URL of a server, such as http://127.0.0.1:5000"
            ) from None
        self._prefix = parts.path.rstrip("/")
        self._authorization = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str) -> Any:
        """The JSON at the path."""
        return self._value(self._exchange("GET", path, None, LOOK_S))

    def content(self, path: str) -> bytes:
        """What is at the path."""
        return self._exchange("GET", path, None, LOOK_S).content

    def length(self, path: str) -> int:
        """How many bytes are at the path."""
        return self._exchange("HEAD", path, None, LOOK_S).length

    def post(self, path: str, fields: dict[str, Any] | None = None, timeout_s: float = LOOK_S) -> Any:
        """The JSON with which the server answers to the fields; what they ask for may take it `timeout_s`."""
        return self._value(self._exchange("POST", path, fields or {}, timeout_s + LOOK_S))

    def delete(self, path: str, timeout_s: float = LOOK_S) -> None:
        """Nothing is at the path any more; that may take the server `timeout_s`."""
        self._exchange("DELETE", path, None, timeout_s + LOOK_S)

    def _value(self, answer: Answer) -> Any:
        try:
            return json.loads(answer.content)
        except ValueError:
            raise self._stranger(answer) from None

    def _exchange(self, method: str, path: str, fields: dict[str, Any] | None, timeout_s: float) -> Answer:
        body = None if fields is None else json.dumps(fields)
        headers = {"Accept": "application/json"} | self._authorization
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer = self._answer(method, self._prefix + path, body, headers, timeout_s)
        except TimeoutError:
            raise CommandFailed(f"{self.url} has not answered within {timeout_s:g} s") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise CommandFailed(f"{self.url} cannot be reached: {reason}") from None
        if answer.status >= _FIRST_ERROR:
            raise self._refusal(answer)
        return answer

    def _answer(self, method: str, path: str, body: str | None, headers: dict[str, str], timeout_s: float) -> Answer:
        connection = self._connection
        connection.timeout = timeout_s
        if connection.sock:
            connection.sock.settimeout(timeout_s)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            length = int(response.headers.get("Content-Length", 0))
            return Answer(response.status, response.reason, length, response.read())
        except BaseException:
            connection.close()  # half an exchange, after a Ctrl-C for one, would spoil the next
            raise

    def _refusal(self, answer: Answer) -> CommandFailed:
        try:
            detail = str(json.loads(answer.content)["detail"])
            hint = " (--token, or GYM_SERVER_TOKEN)" if answer.status == http.HTTPStatus.UNAUTHORIZED else ""
            return Refused(detail + hint, answer.status)
        except (ValueError, KeyError, TypeError):
            return self._stranger(answer)

    def _stranger(self, answer: Answer) -> CommandFailed:
        text = f"{self.url} does not answer as a gym-server does: {answer.status} {answer.reason}"
        return Refused(text, answer.status) if answer.status >= _FIRST_ERROR else CommandFailed(text)


def _address(parts: SplitResult) -> tuple[str, int | None]:
    if not parts.hostname:
        raise ValueError("a URL without a host")
    return parts.hostname, parts.port
