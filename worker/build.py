"""From an environment id to an environment: `gymnasium.make`, and what stands in for ids and modes of the past."""

import contextlib
import difflib
import importlib
from typing import Any

import gymnasium
import numpy as np
from gymnasium import error as gym_error
from gymnasium.envs.registration import EnvSpec, load_env_creator, parse_env_id

from protocol.errors import InvalidField, UnknownEnvironment, Unsupported
from protocol.messages import Format, Make
from protocol.values import read
from worker.wrappers import wrap

_DRAWABLE = ("rgb_array", "rgb_array_list", "ansi", "ansi_list")
_REGISTERING = ("ale_py", "minigrid")


def build(command: Make) -> gymnasium.Env[Any, Any]:
    """The environment that the command asks for, not yet reset.

    Raises:
        UnknownEnvironment: nothing is registered under the id, or what it needs is not installed.
        InvalidField: the environment has no such render mode.
    """
    np.random.seed()  # noqa: NPY002 - old environments draw from it, and a fork has the state of its siblings
    import_modules(command.imports)
    spec = find_spec(_without_module(command), allows_past_ids=command.allows_past_ids)
    kwargs = read_object(command.kwargs, command.reads, "$.kwargs") or {}
    try:
        env = gymnasium.make(
            spec,
            max_episode_steps=command.max_episode_steps,
            render_mode=_render_mode(spec, command),
            # The checker is for authors of environments: it costs every step, and warns of what no client can change.
            disable_env_checker=True,
            **kwargs,
        )
    except (gym_error.DependencyNotInstalled, ModuleNotFoundError) as error:
        raise UnknownEnvironment(f"{spec.id} cannot be made here: {error}") from error
    except TypeError as error:
        if not kwargs:
            raise
        raise InvalidField.at("$.kwargs", f"{spec.id} refuses them: {error}") from error
    for index, wrapper in enumerate(command.wrappers):
        path = f"$.wrappers[{index}]"
        env = wrap(env, wrapper.name, read_object(wrapper.kwargs, command.reads, f"{path}.kwargs") or {}, path)
    return env


def import_modules(modules: tuple[str, ...]) -> None:
    """The modules that the operator allows have registered their environments."""
    for module in modules:
        importlib.import_module(module)


def read_object(data: bytes, data_format: Format, path: str) -> dict[str, Any] | None:
    """The object that the bytes hold; None for no bytes, and for null.

    Raises:
        InvalidField: they hold something else.
    """
    value = read(data, data_format) if data else None
    if value is not None and not isinstance(value, dict):
        raise InvalidField.at(path, f"must be an object, not {type(value).__name__}")
    return value


def find_spec(env_id: str, *, allows_past_ids: bool = False) -> EnvSpec:
    """The registered spec; with `allows_past_ids` the newest one, where the version asked for is gone.

    Raises:
        UnknownEnvironment: there is none.
    """
    try:
        namespace, name, _version = parse_env_id(env_id)
    except gym_error.Error as error:
        raise UnknownEnvironment(f"Attempted to look up malformed environment ID '{env_id}'") from error
    spec = gymnasium.registry.get(env_id)
    if spec is None:
        register_installed()
        spec = gymnasium.registry.get(env_id)
    if spec is None and allows_past_ids:
        spec = _newest(namespace, name)
    if spec is None:
        raise UnknownEnvironment(f"No environment is registered under '{env_id}'.{_suggestion(env_id)}")
    return spec


def _without_module(command: Make) -> str:
    """Gymnasium imports what stands before a colon; only what the operator allows may stand there."""
    module, colon, env_id = command.env_id.rpartition(":")
    if colon and module not in command.imports:
        raise UnknownEnvironment(f"{command.env_id!r} names a module to import, which the server allows by --import")
    return env_id


def register_installed() -> None:
    """Gymnasium 1.x does not look for installed packages of environments; importing one registers what it has."""
    for module in _REGISTERING:
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(module)


def _newest(namespace: str | None, name: str) -> EnvSpec | None:
    versions = [s for s in gymnasium.registry.values() if (s.namespace, s.name) == (namespace, name)]
    return max(versions, key=lambda spec: spec.version or 0, default=None)


def _suggestion(env_id: str) -> str:
    close = difflib.get_close_matches(env_id, gymnasium.registry, n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


def _render_mode(spec: EnvSpec, command: Make) -> str | None:
    """The mode asked for, or the first that yields pictures where the dialect has no word for it."""
    modes = render_modes(spec)
    wanted = command.render_mode
    if wanted is None:
        return next((mode for mode in _DRAWABLE if mode in modes), None) if command.picks_render_mode else None
    drawable = [mode for mode in _DRAWABLE if mode in modes]
    if wanted not in drawable:
        modes_here = (
            f"must be one of {', '.join(drawable)}" if drawable else "must be left out: there is nothing to draw"
        )
        raise InvalidField.at("$.render_mode", modes_here)
    return wanted


def render_modes(spec: EnvSpec) -> list[str]:
    """The modes of the environment's class, known without making one."""
    if spec.entry_point is None:
        raise Unsupported(f"{spec.id} has no entry point for a single environment")
    creator = load_env_creator(spec.entry_point) if isinstance(spec.entry_point, str) else spec.entry_point
    return list(getattr(creator, "metadata", {}).get("render_modes", []))
