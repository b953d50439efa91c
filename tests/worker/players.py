"""Who plays the episodes that a monitor records, and counts them as it does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium

from worker.monitor import Monitor

Policy = Callable[[Any], int]


def start(folder: Path, env: gymnasium.Env[Any, Any], **options: Any) -> Monitor:
    """A monitor with the defaults of the API."""
    return Monitor(folder, env, **{"force": False, "resume": False, "video_every": None} | options)


def balance(observation: Any) -> int:
    """Keeps CartPole's pole up for as long as an episode may last."""
    position, velocity, angle, angular_velocity = observation
    return int(angle * 3 + angular_velocity + position * 0.1 + velocity * 0.3 > 0)


def always_right(_observation: Any) -> int:
    """Lets it fall within a dozen steps."""
    return 1


def play(env: gymnasium.Env[Any, Any], monitor: Monitor, policy: Policy, seed: int) -> tuple[int, float]:
    """Length and return of one whole episode, as the player counts them."""
    observation, _ = env.reset(seed=seed)
    monitor.after_reset(seed)
    length, total, ended = 0, 0.0, False
    while not ended:
        monitor.before_step()
        observation, reward, terminated, truncated, _ = env.step(policy(observation))
        ended = terminated or truncated
        monitor.after_step(float(reward), ended=ended)
        length, total = length + 1, total + float(reward)
    return length, total


def act(env: gymnasium.Env[Any, Any], monitor: Monitor, *steps: bool, reward: float = 1.0) -> None:
    """A reset, then a step for each; True is the step that ends the episode."""
    env.reset()
    monitor.after_reset(None)
    for ended in steps:
        monitor.before_step()
        env.step(0)
        monitor.after_step(reward, ended=ended)


def problem(monitor: Monitor) -> str | None:
    """What the monitor reports now."""
    return monitor.problem
