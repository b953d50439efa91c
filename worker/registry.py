"""What could be made here: Gymnasium's registry as a list, and the test by making."""

from typing import Any

import gymnasium
from gymnasium.envs.registration import EnvSpec

from protocol.messages import Make, Probe
from worker.build import build, find_spec, import_modules, register_installed, render_modes


def registered(imports: tuple[str, ...]) -> list[dict[str, Any]]:
    """One object for each environment, by id; `group` is the same where they share the code that makes them."""
    import_modules(imports)
    register_installed()
    return [_entry(gymnasium.registry[env_id]) for env_id in sorted(gymnasium.registry)]


def probe(command: Probe) -> dict[str, Any]:
    """`{"render_modes"}` of an environment that was made and closed again.

    Raises:
        UnknownEnvironment: there is none, or what it needs is not installed. It may raise anything else itself.
    """
    build(Make(command.env_id, imports=command.imports)).close()
    return {"render_modes": render_modes(find_spec(command.env_id))}


def _entry(spec: EnvSpec) -> dict[str, Any]:
    return {
        "env_id": spec.id,
        "namespace": spec.namespace,
        "max_episode_steps": spec.max_episode_steps,
        "reward_threshold": spec.reward_threshold,
        "nondeterministic": bool(spec.nondeterministic),
        "group": str(spec.entry_point),
    }
