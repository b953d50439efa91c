"""What an instance costs: from the creation to the first observation, against a process spawned for the purpose.

The server's side is what a client waits for: `POST /v2/envs` and `POST …/reset` over one connection. The reference is
the least that `multiprocessing` needs for an environment in a process of its own: start it, import Gymnasium, make the
environment, reset it, send the observation back. Each round has a server of its own.
"""

import argparse
import multiprocessing
import statistics
import time
from collections import defaultdict
from multiprocessing.connection import Connection

from benchmarks.claims import Claim, claims_table
from benchmarks.measurement import Client, Samples, machine, server, table

ENV_ID = "CartPole-v1"
HEAVY = ("HalfCheetah-v5", "ALE/Pong-v5")
SPAWNED = 3
WARM = 20
LATER = 5
FULL = 64

_SPAWNED, _FIRST, _WARM, _FULL = "a spawned process", "the first of a server", "later ones", f"beside {FULL} others"
Seconds = defaultdict[str, list[float]]


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.create")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    taken: Seconds = defaultdict(list)
    for _ in range(rounds):
        taken[_SPAWNED].append(statistics.median(_spawned_s() for _ in range(SPAWNED)))
        with server() as client:
            _play_light(client, taken)
            _play_heavy(client, taken)
    samples = [Samples(name, seconds) for name, seconds in taken.items()]
    print(f"{ENV_ID} unless another is named, medians of {rounds} rounds. {machine()}.\n")
    print(f"{table(samples, reference=samples[0])}\n\n{claims_table(_claims(taken))}")


def _play_light(client: Client, taken: Seconds) -> None:
    """The first instance of the server, others alone, others beside many."""
    taken[_FIRST].append(_timed(client, ENV_ID))
    taken[_WARM].append(statistics.median(_timed(client, ENV_ID) for _ in range(WARM)))
    others = [_create(client, ENV_ID) for _ in range(FULL)]
    taken[_FULL].append(statistics.median(_timed(client, ENV_ID) for _ in range(WARM)))
    for instance in others:
        _close(client, instance)


def _play_heavy(client: Client, taken: Seconds) -> None:
    """The first, the second and later instances of environments with much to import."""
    for env_id in HEAVY:
        for what in ("the first", "the second"):
            taken[f"{env_id}, {what}"].append(_timed(client, env_id))
        taken[f"{env_id}, later"].append(statistics.median(_timed(client, env_id) for _ in range(LATER)))


def _claims(taken: Seconds) -> list[Claim]:
    """How many times faster."""
    pairs = [(_WARM, _SPAWNED, 10.0), (_FULL, _SPAWNED, 10.0), (_FIRST, _SPAWNED, 5.0)]
    pairs += [
        (f"{env_id}, {what}", f"{env_id}, the first", 5.0) for env_id in HEAVY for what in ("the second", "later")
    ]
    return [
        Claim(f"{ours}, faster than {theirs}", _ratios(taken[theirs], taken[ours]), wanted)
        for ours, theirs, wanted in pairs
    ]


def _ratios(slow: list[float], fast: list[float]) -> list[float]:
    return [theirs / ours for theirs, ours in zip(slow, fast, strict=True)]


def _timed(client: Client, env_id: str) -> float:
    began = time.perf_counter()
    instance = _create(client, env_id)
    elapsed_s = time.perf_counter() - began
    _close(client, instance)
    return elapsed_s


def _create(client: Client, env_id: str) -> str:
    """The path of a new instance, reset."""
    path = f"/v2/envs/{client.send('POST', '/v2/envs', {'env_id': env_id})['instance_id']}"
    client.send("POST", f"{path}/reset")
    return path


def _close(client: Client, path: str) -> None:
    client.send("DELETE", path)


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
