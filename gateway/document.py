"""The instance document: what `/v2` tells of an instance, without asking its worker, which may hang."""

from typing import Any

import msgspec

from gateway.instance import Instance
from gateway.limits import means


def document(instance: Instance) -> dict[str, Any]:
    """The instance document of `/v2`; spaces as JSON fragments, ready to be spliced by msgspec."""
    made = instance.made
    folder = f"/{instance.instance_id}"
    return {
        "instance_id": instance.instance_id,
        "env_id": instance.env_id,
        "state": instance.state.value,
        "pid": instance.pid,
        "created_at": instance.created_at.isoformat(timespec="milliseconds"),
        "idle_s": round(instance.idle_s, 3),
        "steps": instance.statistics.steps,
        "episodes": instance.statistics.episodes,
        "steps_per_s": round(instance.statistics.steps_per_s, 1),
        "step_p99_s": instance.statistics.step_p99_s(),
        "queue": instance.turns.waiting,
        "restarts": instance.restarts,
        "rss_bytes": instance.usage.rss_bytes,
        "cpu_s": round(instance.usage.cpu_s, 2),
        "processes": instance.usage.processes,
        "render_mode": made.render_mode if made else None,
        "render_modes": made.render_modes if made else (),
        "render_fps": made.render_fps if made else None,
        "autoreset": instance.autoreset,
        "on_crash": instance.on_crash,
        "limits": msgspec.structs.asdict(instance.limits) | {"enforced_by": means(instance.hold.grouped)},
        "confinement": instance.hold.confinement,
        "labels": instance.labels,
        "spaces": {
            "action_space": msgspec.Raw(made.action_space) if made else None,
            "observation_space": msgspec.Raw(made.observation_space) if made else None,
        },
        "picture_error": instance.statistics.picture_error,
        "monitor": {"is_recording": instance.is_recording},
        "artifacts": {name: f"{folder}/{name}/" for name in ("rendered", "simulation", "logs")}
        | {"live": f"{folder}/live"},
        "crash": None if instance.crash is None else msgspec.structs.asdict(instance.crash),
    }
