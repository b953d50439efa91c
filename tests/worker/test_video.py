"""Films: what is decoded is what was drawn, whatever its shape, and what a kill leaves behind still plays."""

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.server import ROOT
from worker.asciicast import Asciicast
from worker.growing_file import GrowingFile
from worker.video import Video, as_rate

Picture = NDArray[np.uint8]


def pictures(path: Path) -> list[Picture]:
    """Every picture of the film, decoded, `(height, width, 3)` uint8."""
    with av.open(str(path)) as film:
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in film.decode(video=0)]


def scene(number: int, height: int = 64, width: int = 96) -> Picture:
    """A picture that no other number has: a square that wanders over a ground that grows lighter."""
    drawn = np.full((height, width, 3), (40 + number % 100, 90, 160), np.uint8)
    left = number * 4 % (width - 16)
    drawn[16:32, left : left + 16] = (250, 220, 30)
    return drawn


def film(path: Path, drawn: list[Picture], fps: Any = 30) -> list[Picture]:
    """The pictures as they come back from a film of them."""
    video = Video(path, fps)
    for picture in drawn:
        video.add(picture)
    video.close()
    return pictures(path)


def distance(one: Picture, other: Picture) -> float:
    """How far two pictures are apart, on average, in 256ths."""
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


def test_a_film_has_the_pictures_in_the_order_in_which_they_were_drawn(tmp_path: Path) -> None:
    """Each is nearest to its own original, and very near."""
    drawn = [scene(number) for number in range(75)]
    decoded = film(tmp_path / "film.mp4", drawn)
    assert len(decoded) == 75
    for number, picture in enumerate(decoded):
        assert distance(picture, drawn[number]) < 3
        assert number == min(range(75), key=lambda other: distance(picture, drawn[other]))


def test_colours_come_back_as_they_were(tmp_path: Path) -> None:
    """Red is red: matrix and range are those that the file names."""
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (128, 128, 128)]
    decoded = film(tmp_path / "film.mp4", [np.full((32, 32, 3), colour, np.uint8) for colour in colours])
    for colour, picture in zip(colours, decoded, strict=True):
        assert picture.mean((0, 1)) == pytest.approx(colour, abs=6)


def test_a_film_is_h264_that_browsers_play(tmp_path: Path) -> None:
    """4:2:0, at the environment's own rate, with a key frame at least every second."""
    film(tmp_path / "film.mp4", [scene(number) for number in range(100)], fps=12.5)
    with av.open(str(tmp_path / "film.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt, stream.average_rate) == ("h264", "yuv420p", Fraction(25, 2))
        packets = [packet for packet in container.demux(stream) if packet.size]
        keys = [
            float(packet.pts * packet.time_base) for packet in packets if packet.is_keyframe and packet.pts is not None
        ]
    assert len(packets) == 100
    assert max(np.diff([*keys, 8.0])) <= 1.0


@pytest.mark.parametrize(("height", "width"), [(63, 95), (64, 95), (63, 96), (1, 1)])
def test_odd_sizes_are_padded_to_even_ones(tmp_path: Path, height: int, width: int) -> None:
    """H.264 in 4:2:0 has no odd ones; the picture itself is not scaled."""
    drawn = np.random.default_rng(0).integers(0, 2, (height, width, 1), np.uint8).repeat(3, axis=2) * 255
    (decoded,) = film(tmp_path / "film.mp4", [drawn])
    assert decoded.shape == (height + height % 2, width + width % 2, 3)
    assert distance(decoded[:height, :width], drawn) < 12


@pytest.mark.parametrize(("height", "width"), [(32, 48), (128, 192), (64, 32), (20, 96), (200, 60)])
def test_a_size_that_changes_is_fitted_into_the_first(tmp_path: Path, height: int, width: int) -> None:
    """Its proportions are kept, the rest stays black."""
    white = np.full((height, width, 3), 255, np.uint8)
    first, changed, again = film(tmp_path / "film.mp4", [scene(0), white, scene(2)])
    assert changed.shape == first.shape
    scale = min(64 / height, 96 / width)
    assert (changed > 128).all(2).sum() == pytest.approx(height * scale * width * scale, rel=0.35)
    assert distance(again, scene(2)) < 3


@pytest.mark.parametrize("shape", [(64, 96), (64, 96, 1), (64, 96, 3), (64, 96, 4)])
def test_grey_and_transparent_pictures_can_be_filmed(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """What some environments draw; without its alpha."""
    (decoded,) = film(tmp_path / "film.mp4", [np.full(shape, 130, np.uint8)])
    assert decoded.mean() == pytest.approx(130, abs=4)


def test_a_picture_that_is_a_view_of_another_array_can_be_filmed(tmp_path: Path) -> None:
    """Environments transpose and flip what they draw."""
    (decoded,) = film(tmp_path / "film.mp4", [scene(3)[::-1].transpose(1, 0, 2)])
    assert distance(decoded, scene(3)[::-1].transpose(1, 0, 2)) < 3


@pytest.mark.parametrize(
    "drawn",
    [np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4, 2), np.uint8), np.zeros(4, np.uint8), "text"],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, drawn: Any) -> None:
    """And no file is begun."""
    with pytest.raises(ValueError, match="a picture"):
        Video(tmp_path / "film.mp4", 30).add(drawn)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        (30, 30),
        (12.5, Fraction(25, 2)),
        (0.5, Fraction(1, 2)),
        (1e-9, Fraction(1, 1000)),
        (np.int64(15), 15),
        *[(wrong, 30) for wrong in (None, 0, -1, np.nan, np.inf, 1e9, "fast", object())],
    ],
)
def test_a_rate_that_cannot_be_played_is_thirty(fps: Any, rate: Fraction) -> None:
    """Environments put anything into their metadata."""
    assert as_rate(fps) == rate


def test_at_any_moment_the_file_plays_up_to_the_picture_before_the_last(tmp_path: Path) -> None:
    """What somebody watches, and what a kill leaves, who ever closed it or not."""
    path = tmp_path / "film.mp4"
    video = Video(path, 30)
    for number in range(40):
        video.add(scene(number))
        if number:
            (tmp_path / "now.mp4").write_bytes(path.read_bytes())
            assert len(pictures(tmp_path / "now.mp4")) == number
    video.close()
    assert len(pictures(path)) == 40


def test_a_fragment_of_which_only_the_rest_is_written_is_not_there_yet(tmp_path: Path) -> None:
    """A kill between the two writes leaves an empty box; players end before it, and say nothing."""
    whole = film(tmp_path / "film.mp4", [scene(number) for number in range(10)])
    content = (tmp_path / "film.mp4").read_bytes()
    last = content.rindex(b"moof") - 4
    for cut in range(last + 8, len(content), 97):
        (tmp_path / "cut.mp4").write_bytes(content[:last] + bytes(8) + content[last + 8 : cut])
        assert len(pictures(tmp_path / "cut.mp4")) == len(whole) - 1


def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    """Also for a film that never had a picture, of which there is no file."""
    for kind in (Video, Asciicast):
        film_without_pictures = kind(tmp_path / "film", 30)
        film_without_pictures.close()
        film_without_pictures.close()
    assert not list(tmp_path.iterdir())


def test_a_piece_that_does_not_fit_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """A limit on the size of files stands in for a full disk: the kernel writes a part, and then refuses."""
    script = """
        import resource, signal, sys
        from pathlib import Path
        from worker.growing_file import GrowingFile
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        file = GrowingFile(Path(sys.argv[1]))
        file.append(b"a" * 6_000, head_bytes=8)
        try:
            file.append(b"b" * 6_000, head_bytes=8)
        except OSError:
            file.append(b"c" * 100)
    """
    run_script(script, str(tmp_path / "file"))
    assert (tmp_path / "file").read_bytes() == b"a" * 6_000 + b"c" * 100


def test_a_new_film_takes_the_place_of_an_old_one_but_follows_no_link(tmp_path: Path) -> None:
    """An environment may have put a link where a film is to come."""
    (tmp_path / "old").write_bytes(b"old")
    GrowingFile(tmp_path / "old").close()
    assert (tmp_path / "old").read_bytes() == b""
    (tmp_path / "kept").write_bytes(b"kept")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    with pytest.raises(OSError, match="link"):
        GrowingFile(tmp_path / "link")
    assert (tmp_path / "kept").read_bytes() == b"kept"


def test_an_encoder_starts_no_thread_and_keeps_no_picture() -> None:
    """A worker with a thread cannot be forked, and one that keeps pictures dies of a long episode."""
    script = """
        import os, tempfile
        from pathlib import Path
        import numpy as np
        from worker.video import Video

        def resident() -> int:
            return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

        with tempfile.TemporaryDirectory() as folder:
            threads = len(os.listdir("/proc/self/task"))
            video = Video(Path(folder) / "film.mp4", 30)
            picture = np.zeros((210, 160, 3), np.uint8)
            for number in range(3000):
                picture[number % 210] += np.uint8(1 + number % 7)
                video.add(picture)
                if number == 300:
                    before = resident()
            print(resident() - before, len(os.listdir("/proc/self/task")) - threads)
            video.close()
    """
    grown_bytes, new_threads = map(int, run_script(script).split())
    assert grown_bytes < 2 * 2**20
    assert new_threads == 0


def test_a_worker_that_never_films_has_not_loaded_the_encoder() -> None:
    """Workers are forks of a small process."""
    assert run_script("import sys, worker.monitor; print('av' in sys.modules)").strip() == "False"


def run_script(script: str, *arguments: str) -> str:
    """What a Python process of its own prints that runs this."""
    lines = script.splitlines()
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    code = "\n".join(line[indent:] for line in lines)
    run = subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return run.stdout


def test_text_becomes_an_asciicast_that_replays_it(tmp_path: Path) -> None:
    """A header, then a line for each picture at its own time; every line strict JSON, there as soon as it is drawn."""
    cast = Asciicast(tmp_path / "film.json", 4)
    drawn = ["SFF\nFHG\n", "\x1b[41mS\x1b[0mFF\nFHG", "ñ 猫\n", "", "x" * 200]
    for number, text in enumerate(drawn):
        cast.add(text)
        header, *events = map(json.loads, (tmp_path / "film.json").read_text().splitlines())
        assert len(events) == number + 1
    cast.close()
    assert (header["version"], header["width"], header["height"]) == (2, 80, 24)
    assert [(at, kind) for at, kind, _ in events] == [(number / 4, "o") for number in range(5)]
    shown = [output.removeprefix("\x1b[2J\x1b[1;1H").replace("\r\n", "\n") for _, _, output in events]
    assert shown == drawn


def test_text_that_needs_a_larger_terminal_gets_one(tmp_path: Path) -> None:
    """The header is written with the first picture."""
    cast = Asciicast(tmp_path / "film.json", None)
    cast.add("\n".join(["y" * 100] * 40))
    cast.close()
    header = json.loads((tmp_path / "film.json").read_text().splitlines()[0])
    assert (header["width"], header["height"]) == (100, 41)
