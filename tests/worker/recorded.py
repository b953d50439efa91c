"""What a monitor has left in its folder, read without any of the product's own code."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray


def strict(text: str | bytes) -> Any:
    """The value of JSON as RFC 8259 has it: without NaN and Infinity."""

    def refuse(word: str) -> None:
        raise ValueError(word)

    return json.loads(text, parse_constant=refuse)


def manifests(folder: Path) -> list[dict[str, Any]]:
    """All manifests, in the order of their monitors."""
    return [strict(path.read_bytes()) for path in sorted(folder.glob("openaigym.manifest.*.manifest.json"))]


def manifest(folder: Path) -> dict[str, Any]:
    """The only manifest."""
    (only,) = manifests(folder)
    return only


def stats(folder: Path) -> dict[str, Any]:
    """The results that the only manifest names."""
    return dict(strict((folder / manifest(folder)["stats"]).read_bytes()))


def films(folder: Path) -> Iterator[tuple[int, Path]]:
    """The films that the only manifest lists, each with the episode that it shows."""
    for video, meta in manifest(folder)["videos"]:
        yield strict((folder / meta).read_bytes())["episode_id"], folder / video


def pictures(path: Path) -> list[NDArray[np.uint8]]:
    """Every picture of a film, `(height, width, 3)` uint8."""
    with av.open(str(path)) as film:
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in film.decode(video=0)]
