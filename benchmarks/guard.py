"""What the checks before every request cost, with tokens and without, as a share of a step over HTTP.

    python -m benchmarks.guard

An application that answers at once is asked over real sockets in this very process: as it is, behind the guard, and
behind the guard with tokens. The processor time of the quietest of many short rounds is compared, since everything else
that the machine does only ever adds to one.
"""

import asyncio
import contextlib
import time

from aiohttp import web

from benchmarks.measurement import machine, server
from gateway.body import with_whole_body
from gateway.config import Config
from gateway.errors import errors_as_responses
from gateway.listening import listening
from gateway.security.guard import Guard
from gateway.security.owners import Owners
from gateway.security.settings import Security
from gateway.security.tokens import only_token

ROUNDS, REQUESTS = 60, 300
TOKEN = "0123456789" * 4
BODY = b'{"action": 1}'
ANSWER = (
    b'{"observation":[-0.0312,0.2321,0.0051,-0.2698],"reward":1.0,"terminated":false,"truncated":false,"info":{}}\n'
)


async def step(request: web.Request) -> web.Response:
    """An answer as a step has it, at once."""
    await request.read()
    return web.Response(body=ANSWER, content_type="application/json")


def application(security: Security | None) -> web.Application:
    """One route behind the gateway's own middlewares, and behind the guard if there are settings for it."""
    app = web.Application(middlewares=[errors_as_responses, with_whole_body])
    app.router.add_post("/v2/envs/{instance_id}/step", step)
    if security:
        app.middlewares.insert(0, Guard(Config(security=security), Owners()).middleware())
    return app


async def round_s(port: int, *, has_token: bool) -> float:
    """Processor time of a request, client and server together."""
    head = f"POST /v2/envs/0123abcd/step HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
    if has_token:
        head += f"Authorization: Bearer {TOKEN}\r\n"
    request = f"{head}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.process_time()
    for _ in range(REQUESTS):
        writer.write(request)
        await reader.readuntil(ANSWER)
    took = time.process_time() - began
    writer.close()
    return took / REQUESTS


async def quietest_s() -> list[float]:
    """Of a request to the bare application, to the guarded one, and to the one with a token."""
    only = only_token(TOKEN)
    assert only  # noqa: S101 - narrows; it is not empty
    kinds = (None, Security(), Security(tokens=(only,)))
    async with contextlib.AsyncExitStack() as stack:
        urls = [await stack.enter_async_context(listening(application(kind), "127.0.0.1", 0)) for kind in kinds]
        ports = [int(url.rpartition(":")[2]) for url in urls]
        rounds = [
            [await round_s(port, has_token=number == len(ports) - 1) for number, port in enumerate(ports)]
            for _ in range(ROUNDS)
        ]
    return [min(each) for each in zip(*rounds, strict=True)]


def step_s() -> float:
    """A real step of CartPole over HTTP, in the quietest round, for a client that waits for each."""
    with server() as client:
        path = f"/v2/envs/{client.send('POST', '/v2/envs', {'env_id': 'CartPole-v1'})['instance_id']}"
        rounds = []
        for _ in range(ROUNDS):
            client.send("POST", f"{path}/reset")
            began = time.perf_counter()
            for number in range(8):
                client.send("POST", f"{path}/step", {"action": number % 2})
            rounds.append((time.perf_counter() - began) / 8)
    return min(rounds)


def main() -> None:
    """Prints both costs in microseconds, and as shares of a step."""
    bare_s, guarded_s, token_s = asyncio.run(quietest_s())
    whole_s = step_s()
    print(f"{machine()}; a step takes {whole_s * 1e6:.0f} us")
    for name, seconds in (("without tokens", guarded_s), ("with a token", token_s)):
        print(f"checks {name}: {(seconds - bare_s) * 1e6:.1f} us, {(seconds - bare_s) / whole_s:.1%} of a step")


if __name__ == "__main__":
    main()
