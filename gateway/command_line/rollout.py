"""`gym-server rollout`: an environment is created, played at random and closed; shows that it works, and how fast."""

import time
from argparse import ArgumentParser, Namespace
from typing import Any

from gateway import quantities
from gateway.command_line.amounts import number
from gateway.command_line.client import Client
from gateway.command_line.overview import path_of
from gateway.command_line.playing import Episode, Player
from gateway.command_line.text import say, say_json

_START_S = 600.0  # before there is an instance, only the server knows how long its start may take
_ROW = "{:>7}  {:>7}  {:>10}  {:>9}"
_RENDER_HELP = "draw each step, as rgb_array unless another mode is given"


def add_arguments(parser: ArgumentParser) -> None:
    """What is played, and how long."""
    add = parser.add_argument
    add("env_id", help="environment, such as CartPole-v1")
    add("--episodes", type=quantities.count, default=1, metavar="N", help="how many are played; 1 unless given")
    add("--seed", type=int, metavar="S", help="of the first episode and of the actions; the same again each time")
    add("--max-episode-steps", type=quantities.count, metavar="N", help="where an episode ends that would go on")
    add("--render", dest="render_mode", nargs="?", const="rgb_array", metavar="MODE", help=_RENDER_HELP)


def run(client: Client, options: Namespace) -> int:
    """The episodes are played and told, and their instance is closed, also after a Ctrl-C."""
    wanted = {name: getattr(options, name) for name in ("env_id", "render_mode", "max_episode_steps")}
    document = client.post("/v2/envs", wanted, _START_S)
    path = path_of(document["instance_id"])
    try:
        _play(client, document, options)
    except KeyboardInterrupt:
        client.post(f"{path}/kill")  # closing would wait for the step that runs, which may hang
        raise
    finally:
        client.delete(path, document["limits"]["close_s"])
    return 0


def _play(client: Client, document: dict[str, Any], options: Namespace) -> None:
    began = time.monotonic()
    player = Player(client, document, options.seed, renders=options.render_mode is not None)
    if not options.json:
        say(f"{document['env_id']}, instance {document['instance_id']}")
        say(_ROW.format("episode", "steps", "return", "steps/s"))
    episodes = []
    for index in range(options.episodes):
        episodes.append(player.episode())
        if not options.json:
            say(_row(index, episodes[-1]))
    _tell(document, episodes, time.monotonic() - began, player.pictures, as_json=options.json)


def _row(index: int, episode: Episode) -> str:
    return _ROW.format(index, episode.steps, f"{episode.total:.6g}", number(episode.steps / episode.elapsed_s))


def _tell(
    document: dict[str, Any], episodes: list[Episode], elapsed_s: float, pictures: str | None, *, as_json: bool
) -> None:
    steps = sum(episode.steps for episode in episodes)
    mean = sum(episode.total for episode in episodes) / len(episodes)
    if as_json:
        told = {name: document[name] for name in ("env_id", "instance_id")}
        sums = {"steps": steps, "mean_return": mean, "elapsed_s": elapsed_s, "steps_per_s": steps / elapsed_s}
        say_json(told | {"episodes": episodes} | sums | {"pictures": pictures})
        return
    say(f"{steps} steps in {elapsed_s:.2f} s, {number(steps / elapsed_s)} steps/s, mean return {mean:.6g}")
    if pictures:
        say(f"pictures: {pictures}")
