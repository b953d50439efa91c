"""Drawing without a screen: the variables that SDL and MuJoCo read, set before either is imported."""

import ctypes
import os


def draw_without_screen() -> None:
    """SDL draws into memory and leaves signals alone; MuJoCo uses EGL, or OSMesa where there is no EGL.

    A variable that the operator has set is left as it is.
    """
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
    # SDL swallows SIGTERM once it has drawn, unless told not to (SDL_HINT_NO_SIGNAL_HANDLERS).
    os.environ.setdefault("SDL_NO_SIGNAL_HANDLERS", "1")
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    if "MUJOCO_GL" not in os.environ:
        for library, name in (
            ("libEGL.so.1", "egl"),
            ("libOSMesa.so.8", "osmesa"),
            ("libOSMesa.so.6", "osmesa"),
        ):
            if _is_loadable(library):
                os.environ["MUJOCO_GL"] = name
                return


def _is_loadable(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
