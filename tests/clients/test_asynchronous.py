"""Many instances over one socket, each driven by a task of its own."""

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest
from gym_server_client import AsyncClient, AsyncEnv, DeadlineExceeded, InvalidAction, Patience, ServerUnreachable
from gymnasium.utils.env_checker import data_equivalence

from tests.clients.cut import Relay
from tests.conformance.reference import Case
from tests.server import Server, running_server

STEPS = 60


def played_here(seed: int) -> list[Any]:
    """What each step of an episode of CartPole and the next ones comes to."""
    env = Case("CartPole-v1").make()
    came: list[Any] = [env.reset(seed=seed)]
    for number in range(STEPS):
        came.append(env.step(number % 2))
        if came[-1][2]:
            came.append(env.reset())
    env.close()
    return came


async def played_there(env: AsyncEnv, seed: int) -> list[Any]:
    """The same, in the server."""
    came: list[Any] = [await env.reset(seed=seed)]
    for number in range(STEPS):
        came.append(await env.step(number % 2))
        if came[-1][2]:
            came.append(await env.reset())
    return came


async def test_many_instances_play_side_by_side(server: Server) -> None:
    """Each its own trajectory, which is the local one; all are closed with the client."""
    async with AsyncClient(server.url) as client:
        envs = await asyncio.gather(*(client.make("CartPole-v1") for _ in range(4)))
        played = await asyncio.gather(*(played_there(env, seed) for seed, env in enumerate(envs)))
    for seed, came in enumerate(played):
        assert data_equivalence(played_here(seed), came, exact=True)
    assert server.http.get(f"/v2/envs/{envs[0].instance_id}").json()["code"] == "instance_gone"


async def test_a_cut_connection_changes_nothing(server: Server) -> None:
    """Cut again and again while all of them play."""
    with Relay(server.url) as relay:
        async with AsyncClient(relay.url) as client:
            envs = await asyncio.gather(*(client.make("CartPole-v1") for _ in range(3)))
            playing = asyncio.gather(*(played_there(env, seed) for seed, env in enumerate(envs)))
            while not playing.done() and relay.cuts < 4:
                relay.drop_answers = 1
                await asyncio.wait([playing], timeout=0.02)
            played = await playing
        assert relay.cuts
    for seed, came in enumerate(played):
        assert data_equivalence(played_here(seed), came, exact=True)


async def test_a_slow_instance_holds_up_nobody(server: Server) -> None:
    """While one hangs the other is stepped; then the one that hung is a crash, and comes back by a reset."""
    async with AsyncClient(server.url) as client:
        slow = await client.make("test/HangsInPython-v0", limits={"step_s": 1})
        quick = await client.make("CartPole-v1", render_mode="rgb_array")
        await asyncio.gather(slow.reset(), quick.reset(seed=0))
        hanging = asyncio.create_task(slow.step(1))
        for _ in range(5):
            await quick.step(0)
        assert (await quick.render()).shape == (400, 600, 3)
        assert not hanging.done()
        with pytest.raises(DeadlineExceeded):
            await hanging
        await slow.reset()
        with pytest.raises(InvalidAction):
            await quick.step(9)


async def test_a_server_that_is_gone_is_an_error_for_all_that_wait(tmp_path: Path) -> None:
    """In bounded time, and for every later call."""
    with running_server(tmp_path, "--import", "tests.envs") as server:
        async with AsyncClient(server.url, Patience(reconnect_s=0.3)) as client:
            envs = [await client.make("test/HangsInPython-v0") for _ in range(2)]
            await asyncio.gather(*(env.reset() for env in envs))
            steps = [asyncio.create_task(env.step(1)) for env in envs]
            await asyncio.sleep(0)
            await asyncio.to_thread(server.stop, signal.SIGKILL)
            outcomes = await asyncio.wait_for(asyncio.gather(*steps, return_exceptions=True), 10)
            assert [type(outcome) for outcome in outcomes] == [ServerUnreachable] * 2
            with pytest.raises(ServerUnreachable):
                await envs[0].reset()
