"""What an instance costs: from the creation to the first observation, against a process spawned for the purpose.

The server's side is what a client waits for: `POST /v1/envs/create/` and `POST …/reset/` over one connection. The
reference is the least that `multiprocessing` needs for an environment in a process of its own: start it, import
Gymnasium, make the environment, reset it, send the observation back.
"""

import multiprocessing
import time
from multiprocessing.connection import Connection

from benchmarks.measurement import Client, Samples, machine, server, table

ENV_ID = "CartPole-v1"
SAMPLES = 100
SPAWNED = 20
FULL = 64


def main() -> None:
    """Prints the table."""
    with server() as client:
        for _ in range(3):
            _close(client, _create(client))  # the fork server is warm from here on
        first = Samples("the only instance", _timed(client))
        others = [_create(client)]
        second = Samples("the second instance", _timed(client))
        others += [_create(client) for _ in range(FULL - 1 - len(others))]
        full = Samples(f"instance number {FULL}", _timed(client))
        for instance in others:
            _close(client, instance)
    spawned = Samples("a spawned process", [_spawned_s() for _ in range(SPAWNED)])
    print(f"{ENV_ID}, from the creation to the first observation. {machine()}.\n")
    print(table([spawned, first, second, full], reference=spawned))


def _timed(client: Client) -> list[float]:
    seconds = []
    for _ in range(SAMPLES):
        began = time.perf_counter()
        instance = _create(client)
        seconds.append(time.perf_counter() - began)
        _close(client, instance)
    return seconds


def _create(client: Client) -> str:
    """A new instance, reset."""
    instance: str = client.send("POST", "/v1/envs/create/", {"environment": ENV_ID})["instance_id"]
    client.send("POST", f"/v1/envs/{instance}/reset/")
    return instance


def _close(client: Client, instance: str) -> None:
    client.send("DELETE", f"/v2/envs/{instance}")


def _spawned_s() -> float:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    began = time.perf_counter()
    process = context.Process(target=_make_and_reset, args=(theirs,))
    process.start()
    ours.recv()
    elapsed_s = time.perf_counter() - began
    process.join()
    return elapsed_s


def _make_and_reset(pipe: Connection) -> None:
    import gymnasium  # noqa: PLC0415 - the import is part of what is measured

    env = gymnasium.make(ENV_ID)
    observation, _ = env.reset()
    pipe.send(observation)


if __name__ == "__main__":
    main()
