"""Stable-Baselines3's PPO learns CartPole on a gym-server, and then in this process: both learn the same.

The trainer knows nothing of the server: it is given the environment's id and what `gymnasium.make` shall pass on.

    make train-example

It starts a server of its own, unless `--url` names one.
"""

import argparse
import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy

import gym_server_client  # noqa: F401 - registers gym_server_client/Remote-v0

ENV_ID = "CartPole-v1"
ENVS = 8
STEPS = 100_000
GOOD_RETURN = 400.0
ROW_EPISODES = 50


def main() -> None:
    """Trains twice and prints both curves.

    Raises:
        SystemExit: the policy is not good, or the curves differ.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="of a server that runs already")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with contextlib.nullcontext(arguments.url) if arguments.url else server() as url:
        remote = trained(arguments.seed, "gym_server_client/Remote-v0", url=url, env_id=ENV_ID)
    local = trained(arguments.seed, ENV_ID)
    print("| episodes | mean return, remote | local |\n|---:|---:|---:|")
    for end in range(ROW_EPISODES, len(remote.returns) + 1, ROW_EPISODES):
        rows = (curve.returns[end - ROW_EPISODES : end] for curve in (remote, local))
        print(f"| {end} |", " | ".join(f"{sum(row) / len(row):.1f}" for row in rows if row), "|")
    print(f"\nthe policy's mean return: {remote.mean:.1f} remote, {local.mean:.1f} local")
    if remote.returns != local.returns:
        sys.exit("the curves differ")
    if remote.mean <= GOOD_RETURN:
        sys.exit(f"that is not above {GOOD_RETURN:.0f}")


class Trained(NamedTuple):
    """What came of a training: the return of each episode in it, and the mean return of the policy."""

    returns: list[float]
    mean: float


class Curve(BaseCallback):
    """Writes down the return of each episode, in the order in which they end."""

    def __init__(self) -> None:
        super().__init__()
        self.returns: list[float] = []

    def _on_step(self) -> bool:
        self.returns += [float(info["episode"]["r"]) for info in self.locals["infos"] if "episode" in info]
        return True


def trained(seed: int, name: str, **kwargs: Any) -> Trained:
    """In environments of this registered name, with the settings that RL Baselines3 Zoo has for CartPole."""
    torch.set_num_threads(1)
    envs = make_vec_env(name, ENVS, seed, env_kwargs=kwargs)
    model = PPO(
        "MlpPolicy",
        envs,
        n_steps=32,
        batch_size=256,
        gae_lambda=0.8,
        gamma=0.98,
        n_epochs=20,
        learning_rate=lambda left: left * 0.001,
        clip_range=lambda left: left * 0.2,
        seed=seed,
        device="cpu",
    )
    curve = Curve()
    model.learn(STEPS, callback=curve)
    mean, _ = evaluate_policy(model, envs, n_eval_episodes=40)
    envs.close()
    return Trained(curve.returns, float(mean))


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The URL of a server that ends with the block."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "gateway", "--port", "0", "--artifacts-port", "0", "--data-dir", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout  # noqa: S101 - narrows; it was asked for
            try:
                yield process.stdout.readline().removeprefix("gateway ").strip()
            finally:
                process.terminate()


if __name__ == "__main__":
    main()
