"""Pictures of an environment as files in `rendered/`; a failure to draw is an answer, never an exception."""

import re
import time
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from protocol.errors import Unsupported
from protocol.messages import Drawn, PictureKind
from worker.files import reason, replace, replace_by_link, replace_bytes
from worker.text_picture import draw_text

_MIN_INTERVAL_S = 0.1
# Fast to write, and much smaller than none: zlib's levels 2 and above cost a step more than they save a reader.
_PNG_LEVEL = 1
_JPEG_QUALITY = 90
_NUMBERED = re.compile(r"([0-9]+)\.png")


class Renderer:
    """Draws one environment into one folder: `1.png`, `2.png`, … and `latest.png`, each a whole file at any time.

    An environment that draws text also gets `<n>.txt` and `latest.txt` beside its pictures.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], folder: Path) -> None:
        self._env = env
        self._folder = folder
        self._last = max((int(m[1]) for p in folder.iterdir() if (m := _NUMBERED.fullmatch(p.name))), default=0)
        self._drawn_at = float("-inf")
        self._given: Any = None

    def draw_numbered(self) -> Drawn:
        """The next numbered picture is there, and `latest.png` is the same."""
        return self._draw(f"{self._last + 1}")

    def draw_latest(self) -> Drawn | None:
        """`latest.png` is at most a tenth of a second old; None if it still was."""
        if time.monotonic() - self._drawn_at < _MIN_INTERVAL_S:
            return None
        return self._draw(None)

    def draw_kind(self, kind: PictureKind, *, also_png: bool = False) -> str:
        """The name of the latest picture of this kind, drawn now; `latest.png` is the same if it was asked for.

        Raises:
            Unsupported: the environment draws nothing, or no text where text was asked for.
        """
        if self._env.render_mode is None:
            raise Unsupported("the environment cannot be drawn: it was created without a render mode")
        drawing = self._look()
        if kind == "text":
            if not isinstance(drawing, str):
                raise Unsupported('the environment draws pictures, not text; ask for "image/png"')
            self._save_text(drawing, None)
            return "latest.txt"
        if kind == "png":
            return self._save(_image(drawing), None)
        if also_png:
            self._save_as_seen(drawing)
            self._drawn_at = time.monotonic()
        return self._save_jpeg(_image(drawing))

    def _draw(self, number: str | None) -> Drawn:
        try:
            name = self._save_as_seen(self._look(), number)
        except Exception as error:  # noqa: BLE001 - the step has succeeded, and its answer says why there is no picture
            return Drawn(error=reason(error))
        self._drawn_at = time.monotonic()
        if number:
            self._last = int(number)
        return Drawn(name=name)

    def _look(self) -> NDArray[np.uint8] | str:
        """The environment's own picture: `(height, width, 3)` uint8, or text; the last one where it keeps several."""
        if self._env.render_mode is None:
            raise ValueError("this environment cannot be drawn: it was made without a render mode")
        drawing = self._env.render()
        if isinstance(drawing, list):
            # Such an environment gives each picture away once, and a monitor may have had it already.
            self._given = drawing[-1] if drawing else self._given
            drawing = self._given
        if isinstance(drawing, str):
            return drawing
        if drawing is None:
            raise ValueError("the environment has drawn nothing yet")
        return np.ascontiguousarray(drawing, dtype=np.uint8)

    def _save_as_seen(self, drawing: NDArray[np.uint8] | str, number: str | None = None) -> str:
        if isinstance(drawing, str):
            self._save_text(drawing, number)
        return self._save(_image(drawing), number)

    def _save_jpeg(self, image: Image.Image) -> str:
        target = self._folder / "latest.jpg"
        rgb = image.convert("RGB")
        # Half the colour's resolution, as is usual, would blur the one-pixel lines and blocks of environments.
        replace(target, lambda aside: rgb.save(aside, "JPEG", quality=_JPEG_QUALITY, subsampling=0))
        return target.name

    def _save(self, image: Image.Image, number: str | None) -> str:
        latest = self._folder / "latest.png"
        target = self._folder / f"{number}.png" if number else latest
        replace(target, lambda aside: image.save(aside, "PNG", compress_level=_PNG_LEVEL))
        if number:
            replace_by_link(latest, target)
        return target.name

    def _save_text(self, text: str, number: str | None) -> None:
        for stem in (number, "latest"):
            if stem:
                replace_bytes(self._folder / f"{stem}.txt", text.encode())


def _image(drawing: NDArray[np.uint8] | str) -> Image.Image:
    return draw_text(drawing) if isinstance(drawing, str) else Image.fromarray(drawing)
