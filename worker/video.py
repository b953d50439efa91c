"""A film as H.264 in fragmented MP4, written picture by picture and playable at any moment.

Each picture is a fragment of its own (a hundred bytes more than it needs), so a kill costs the one picture that the
muxer still holds, and memory does not grow. Knows nothing of environments. PyAV is imported with the first film:
workers are forks of a small process, and most of them never record.
"""

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from worker.growing_file import GrowingFile

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

_MUXING = {
    "movflags": "frag_every_frame+empty_moov+default_base_moof+skip_trailer",
    "flush_packets": "1",
}
# `zerolatency` keeps no picture back and starts no thread; 20 looks like the original, in some 300 bytes a picture.
_ENCODING = {"preset": "veryfast", "tune": "zerolatency", "crf": "20"}
# A box of ISO/IEC 14496-12 begins with its length and type.
_BOX_HEAD_BYTES = 8
_MAX_FPS = 1000
_DEFAULT_FPS = 30
_COLOURS = 3
_COLOURS_AND_ALPHA = 4
# The matrix with which swscale turns RGB into YUV; unnamed, players guess it from the film's height.
_BT601 = 6
_LIMITED_RANGE = 1


class Video:
    """A film at `path`; there is a file from the first picture on."""

    content_type = "video/mp4"
    suffix = ".mp4"

    def __init__(self, path: Path, fps: Any) -> None:
        self._path = path
        self._fps = as_rate(fps)
        self._film: _Film | None = None

    def add(self, picture: NDArray[np.uint8]) -> None:
        """The picture, `(height, width)` or `(height, width, 1, 3 or 4)` uint8, is the next of the film.

        The first one decides the film's size, rounded up to even numbers; others are fitted into it.

        Raises:
            ValueError: it is no picture.
            OSError: it cannot be written.
        """
        rgb = as_rgb(picture)
        if self._film is None:
            height, width = rgb.shape[:2]
            self._film = _Film(self._path, self._fps, height + height % 2, width + width % 2)
        self._film.add(rgb)

    def close(self) -> None:
        """The film is whole, or ends before the first picture that could not be written; closing twice is closing once.

        Raises:
            OSError: its last picture cannot be written.
        """
        film, self._film = self._film, None
        if film:
            film.close()

    @staticmethod
    def version() -> dict[str, object]:
        """What made the film, for its description."""
        import av  # noqa: PLC0415 - heavy, and only for those who record

        return {"backend": "PyAV", "version": av.__version__, "codec": "libx264", **_ENCODING}


class _Film:
    """An open encoder, its muxer and its file, `height` by `width` pixels."""

    def __init__(self, path: Path, fps: Fraction, height: int, width: int) -> None:
        import av  # noqa: PLC0415 - heavy, and only for those who record
        from av.video.reformatter import VideoReformatter  # noqa: PLC0415 - as above

        self._new_frame = av.VideoFrame.from_ndarray
        self._to_yuv, self._to_size = VideoReformatter(), VideoReformatter()
        self._canvas = np.zeros((height, width, _COLOURS), np.uint8)
        self._pictures = 0
        self._is_cut = False
        self._pieces = _Pieces()
        self._container: OutputContainer = av.open(self._pieces, "w", format="mp4", options=_MUXING)
        self._stream = _new_stream(self._container, fps, height, width)
        self._file = GrowingFile(path)

    def add(self, rgb: NDArray[np.uint8]) -> None:
        frame = self._new_frame(self._on_canvas(rgb), format="rgb24")
        frame = self._to_yuv.reformat(frame, format="yuv420p", threads=1)
        frame.pts = self._pictures
        self._container.mux(self._stream.encode(frame))
        self._write()
        self._pictures += 1

    def close(self) -> None:
        try:
            self._container.mux(self._stream.encode(None))
            self._container.close()
            self._write()
        finally:
            self._file.close()

    def _write(self) -> None:
        """What the muxer has put out is in the file.

        The first box's head is written last: until then players see an empty box up to the end of the file,
        and not a fragment that breaks off, which Chromium refuses to play past and back again.
        """
        piece = self._pieces.take()
        # After one that is missing, the next would show its changes to a picture that nobody has seen.
        if piece and not self._is_cut:
            self._is_cut = True
            self._file.append(piece, _BOX_HEAD_BYTES)
            self._is_cut = False

    def _on_canvas(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        canvas = self._canvas
        if rgb.shape == canvas.shape:
            return rgb
        height, width = rgb.shape[:2]
        is_padded_alone = height + height % 2 == canvas.shape[0] and width + width % 2 == canvas.shape[1]
        if not is_padded_alone:
            rgb = self._fitted(rgb)
            height, width = rgb.shape[:2]
        canvas[:] = 0
        top, left = (canvas.shape[0] - height) // 2, (canvas.shape[1] - width) // 2
        canvas[top : top + height, left : left + width] = rgb
        return canvas

    def _fitted(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture as large as the canvas allows, its proportions kept."""
        height, width = rgb.shape[:2]
        scale = min(self._canvas.shape[0] / height, self._canvas.shape[1] / width)
        fitted = self._to_size.reformat(
            self._new_frame(rgb, format="rgb24"),
            width=max(1, int(width * scale)),
            height=max(1, int(height * scale)),
            format="rgb24",
            threads=1,
        )
        return np.asarray(fitted.to_ndarray(), np.uint8)


class _Pieces:
    """Stands in for the muxer's file, so that a fragment reaches the disk, or fails to, as a whole."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def take(self) -> bytes:
        """All that was written since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def _new_stream(container: "OutputContainer", fps: Fraction, height: int, width: int) -> "VideoStream":
    stream = container.add_stream("libx264", rate=fps, options=_ENCODING)
    stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
    context = stream.codec_context
    # One thread: a worker may be forked, and its neighbours need the other cores.
    context.thread_count = 1
    context.gop_size = max(1, int(fps))
    context.max_b_frames = 0
    context.colorspace = context.color_primaries = context.color_trc = _BT601
    context.color_range = _LIMITED_RANGE
    return stream


def as_rate(fps: Any) -> Fraction:
    """Pictures a second as a fraction that MP4 can hold; 30 where the environment names none that could be played."""
    try:
        rate = float(fps)
    except (TypeError, ValueError):
        return Fraction(_DEFAULT_FPS)
    if not 0 < rate <= _MAX_FPS:
        return Fraction(_DEFAULT_FPS)
    return max(Fraction(rate).limit_denominator(_MAX_FPS), Fraction(1, _MAX_FPS))


def as_rgb(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture as `(height, width, 3)` uint8 without its alpha; grey becomes three equal colours.

    Raises:
        ValueError: it is no picture.
    """
    pixels = np.asarray(picture)
    if pixels.ndim == _COLOURS - 1:
        pixels = pixels[:, :, np.newaxis]
    if pixels.dtype != np.uint8 or pixels.ndim != _COLOURS or 0 in pixels.shape:
        raise ValueError(f"a picture is (height, width, 3) uint8, and not {pixels.shape} {pixels.dtype}")
    match pixels.shape[2]:
        case 1:
            pixels = np.repeat(pixels, _COLOURS, axis=2)
        case 3:
            pass
        case 4:
            pixels = pixels[:, :, :_COLOURS]
        case colours:
            raise ValueError(f"a picture has 1, 3 or 4 values a pixel, and not {colours}")
    return np.ascontiguousarray(pixels)
