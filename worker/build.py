"""From an environment id to an environment: `gymnasium.make`, and what stands in for ids and modes of the past."""

import contextlib
import difflib
import importlib
import re
from typing import Any

import gymnasium
from gymnasium import error as gym_error
from gymnasium.envs.registration import EnvSpec, load_env_creator, parse_env_id

from protocol.errors import InvalidField, UnknownEnvironment, Unsupported
from protocol.messages import FieldError, Make

_DRAWABLE = ("rgb_array", "rgb_array_list", "ansi", "ansi_list")
_REGISTERING = ("ale_py", "minigrid")
_HAS_MODULE = re.compile(r"^[^:]*:")


def build(command: Make) -> gymnasium.Env[Any, Any]:
    """The environment that the command asks for, not yet reset.

    Raises:
        UnknownEnvironment: nothing is registered under the id, or what it needs is not installed.
        InvalidField: the environment has no such render mode.
    """
    for module in command.imports:
        importlib.import_module(module)
    spec = find_spec(command.env_id, allows_past_ids=command.allows_past_ids)
    try:
        render_mode = _render_mode(spec, command)
        # The checker is for authors of environments: it costs every step and warns about what is none of the client's.
        return gymnasium.make(spec, render_mode=render_mode, disable_env_checker=True)
    except (gym_error.DependencyNotInstalled, ModuleNotFoundError) as error:
        raise UnknownEnvironment(f"{spec.id} cannot be made here: {error}") from error


def find_spec(env_id: str, *, allows_past_ids: bool = False) -> EnvSpec:
    """The registered spec; with `allows_past_ids` the newest one, where the version asked for is gone.

    Raises:
        UnknownEnvironment: there is none, or the id would make Gymnasium import a module.
    """
    if _HAS_MODULE.match(env_id):
        raise UnknownEnvironment(f"{env_id!r} names a module to import, which clients may not; use --import")
    try:
        namespace, name, _version = parse_env_id(env_id)
    except gym_error.Error as error:
        raise UnknownEnvironment(f"Attempted to look up malformed environment ID '{env_id}'") from error
    spec = gymnasium.registry.get(env_id)
    if spec is None:
        _register_installed()
        spec = gymnasium.registry.get(env_id)
    if spec is None and allows_past_ids:
        spec = _newest(namespace, name)
    if spec is None:
        raise UnknownEnvironment(f"No environment is registered under '{env_id}'.{_suggestion(env_id)}")
    return spec


def _register_installed() -> None:
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
    modes = _render_modes(spec)
    wanted = command.render_mode
    if wanted is None:
        return next((mode for mode in _DRAWABLE if mode in modes), None) if command.picks_render_mode else None
    drawable = [mode for mode in _DRAWABLE if mode in modes]
    if wanted not in drawable:
        message = f"must be one of {', '.join(drawable)}" if drawable else "is not supported: it cannot be drawn here"
        raise InvalidField(f"$.render_mode {message}", errors=(FieldError("$.render_mode", message),))
    return wanted


def _render_modes(spec: EnvSpec) -> list[str]:
    """The modes of the environment's class, known without making one."""
    if spec.entry_point is None:
        raise Unsupported(f"{spec.id} has no entry point for a single environment")
    creator = load_env_creator(spec.entry_point) if isinstance(spec.entry_point, str) else spec.entry_point
    return list(getattr(creator, "metadata", {}).get("render_modes", []))
