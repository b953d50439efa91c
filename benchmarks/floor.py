"""What an environment in a process of its own costs at least, behind a gateway and without one.

The bare workers do nothing but read a byte, step, and write the observation: no protocol, no checks, no encodings, no
deadlines. The bare gateway does nothing but pass bytes between a TCP connection and them. What is missing between them
and AsyncVectorEnv no server of this design can gain; what lies between them and the server is ours to take out.
"""

import os
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import gymnasium

from benchmarks.claims import claims_of, claims_table
from benchmarks.local import async_vector
from benchmarks.measurement import machine, server
from benchmarks.raw_socket import RawSocket
from benchmarks.rounds import Contestant, Duel, Play, compete, one_by_one, plan_from_command_line, table

_ENV_ID = "CartPole-v1"
_COUNTS = (1, 8)
_REPLY_BYTES = 64
_WORKERS, _RELAYED = "bare workers, {}", "bare workers behind a bare gateway, {}"
_ASYNC, _OURS = "AsyncVectorEnv({})", "WebSocket, MessagePack, {}"


def main() -> None:
    """Prints the tables."""
    plan = plan_from_command_line(__doc__)
    print(f"{_ENV_ID}, {plan.rounds} rounds, {plan.turn_s:g} s a turn. {machine()}.\n")
    with ExitStack() as stack:
        url = stack.enter_context(server()).url
        contestants = [
            Contestant(name.format(count), stack.enter_context(make(count)))
            for count in _COUNTS
            for name, make in _kinds(url).items()
        ]
        turns = compete(contestants, plan)
    duels = [
        Duel(each.format(count), _ASYNC.format(count)) for count in _COUNTS for each in (_WORKERS, _RELAYED, _OURS)
    ]
    duels += [Duel(_OURS.format(count), _RELAYED.format(count)) for count in _COUNTS]
    print(f"{table(turns)}\n\n{claims_table(claims_of(turns, duels))}")


def _kinds(url: str) -> dict[str, Callable[[int], AbstractContextManager[Play]]]:
    return {
        _ASYNC: lambda count: async_vector(_ENV_ID, count),
        _WORKERS: _bare_workers,
        _RELAYED: _bare_gateway,
        _OURS: lambda count: _served(url, count),
    }


@contextmanager
def _bare_workers(count: int) -> Iterator[Play]:
    with ExitStack() as stack:
        pipes = [stack.enter_context(_worker()) for _ in range(count)]

        def ask(number: int) -> None:
            for pipe in pipes:
                pipe.sendall(_action(number))
            for pipe in pipes:
                pipe.recv(_REPLY_BYTES)

        yield one_by_one(ask, count)


@contextmanager
def _bare_gateway(count: int) -> Iterator[Play]:
    with ExitStack() as stack:
        pipes = [stack.enter_context(_worker()) for _ in range(count)]
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        client = stack.enter_context(socket.create_connection(listener.getsockname()))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _fork(lambda: _relay(connection, pipes), keeping=[client])
        connection.close()

        def ask(number: int) -> None:
            client.sendall(_action(number))
            client.recv(_REPLY_BYTES * count)

        yield one_by_one(ask, count)


def _relay(connection: socket.socket, pipes: list[socket.socket]) -> None:
    by_fd = {pipe.fileno(): pipe for pipe in pipes}
    poll = select.epoll()
    for fd in by_fd:
        poll.register(fd, select.EPOLLIN)
    while action := connection.recv(1):
        for pipe in pipes:
            pipe.send(action)
        replies: list[bytes] = []
        while len(replies) < len(pipes):
            replies += [by_fd[fd].recv(_REPLY_BYTES) for fd, _ in poll.poll()]
        connection.send(b"".join(replies))


@contextmanager
def _worker() -> Iterator[socket.socket]:
    ours, theirs = socket.socketpair()
    _fork(lambda: _serve(theirs), keeping=[ours])
    theirs.close()
    with ours:
        yield ours


def _serve(pipe: socket.socket) -> None:
    env = gymnasium.make(_ENV_ID, disable_env_checker=True)
    env.reset()
    is_over = False
    while action := pipe.recv(1):
        if is_over:
            observation, _ = env.reset()
            is_over = False
        else:
            observation, _, terminated, truncated, _ = env.step(action[0])
            is_over = terminated or truncated
        pipe.sendall(observation.tobytes())


def _fork(run: Callable[[], None], keeping: list[socket.socket]) -> None:
    """A process that ends with its work; `keeping` stays this one's alone, so that its end is seen."""
    if os.fork():
        return
    for each in keeping:
        each.close()
    try:
        run()
    finally:
        os._exit(0)


def _action(number: int) -> bytes:
    return bytes([number % 2])


@contextmanager
def _served(url: str, count: int) -> Iterator[Play]:
    with RawSocket(url) as raw:
        ids = raw.create(_ENV_ID, count)
        if count == 1:
            raw.prepare(*({"op": "step", "instance_id": ids[0], "action": action} for action in (0, 1)))
        else:
            raw.prepare(*({"op": "step_many", "instance_ids": ids, "actions": [action] * count} for action in (0, 1)))
        yield one_by_one(raw.ask, count)


if __name__ == "__main__":
    main()
