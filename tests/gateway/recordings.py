"""Folders as monitors leave them, written by hand so that every number in them is known."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gateway.evaluation import Evaluation, evaluate

INSTANCE_ID = "ce2dbb50"


def new_folder(data_dir: Path) -> Path:
    """The empty `simulation/` of a new instance."""
    folder = data_dir / INSTANCE_ID / "simulation"
    folder.mkdir(parents=True)
    return folder


def record(
    folder: Path,
    returns: Sequence[float | None],
    *,
    number: int = 0,
    lengths: Sequence[int] | None = None,
    timestamps: Sequence[float] | None = None,
    films: int = 0,
    **stats: Any,
) -> None:
    """The files of one monitor; without `timestamps`, an episode ends every second from 1,001 on."""
    infix = f"{number}.4711"
    stats_name = f"openaigym.episode_batch.{infix}.stats.json"
    manifest = {
        "stats": stats_name,
        "videos": [film(folder, infix, episode_id) for episode_id in range(films)],
        "env_info": {"gym_version": "1.4.0", "env_id": "CartPole-v1"},
        "seeds": [None] * len(returns),
    }
    content = {
        "initial_reset_timestamp": 1000.0 if returns else None,
        "timestamps": list(timestamps or (1001.0 + second for second in range(len(returns)))),
        "episode_lengths": list(lengths or [10] * len(returns)),
        "episode_rewards": list(returns),
        "episode_types": ["t"] * len(returns),
    }
    (folder / stats_name).write_text(json.dumps(content | stats))
    (folder / f"openaigym.manifest.{infix}.manifest.json").write_text(json.dumps(manifest))


def film(folder: Path, infix: str, episode_id: int) -> tuple[str, str]:
    """The names of a film and its description, both there."""
    stem = f"openaigym.video.{infix}.video{episode_id:06}"
    (folder / f"{stem}.mp4").write_bytes(b"film" * 100)
    (folder / f"{stem}.meta.json").write_text(json.dumps({"episode_id": episode_id, "content_type": "video/mp4"}))
    return f"{stem}.mp4", f"{stem}.meta.json"


def upload(data_dir: Path, **fields: Any) -> Evaluation:
    """The evaluation of the instance's recording, with what a client sends by default."""
    sent: dict[str, Any] = {"algorithm_id": "lqr", "writeup": "https://example.org"}
    known: dict[str, Any] = {"reward_threshold": 475.0, "has_open_monitor": False}
    return evaluate(data_dir, INSTANCE_ID, "CartPole-v1", **(sent | known | fields))
