"""A film of ten thousand steps costs a worker no more memory than one of ten."""

import re
from pathlib import Path
from typing import Any

import av
import pytest

from tests.recording.recorded_instance import RecordedInstance
from tests.server import Server

STEPS = 10_000
MEBIBYTE = 2**20
# 600 by 400 and 160 by 210 pixels; who does nothing in them comes to no end.
ENVIRONMENTS: dict[str, dict[str, Any]] = {
    "MountainCar-v0": {},
    "ALE/Breakout-v5": {"kwargs": {"frameskip": 1, "obs_type": "ram"}},
}


def peak_bytes(pid: int) -> int:
    """The most memory that the process has used so far (proc(5), VmHWM)."""
    kibibytes = re.search(r"VmHWM:\s+([0-9]+) kB", Path(f"/proc/{pid}/status").read_text())
    assert kibibytes
    return int(kibibytes[1]) * 1024


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("env_id", ENVIRONMENTS)
def test_memory_does_not_grow_with_the_episode(server: Server, tmp_path: Path, env_id: str) -> None:
    """Below fifty megabytes in all, of which the second half of the film takes next to nothing."""
    fields = ENVIRONMENTS[env_id] | {"render_mode": "rgb_array", "max_episode_steps": 2 * STEPS}
    instance = RecordedInstance(server, env_id, **fields)
    pid = server.document(instance.instance_id)["pid"]
    instance.reset(seed=0)
    instance.step(*[0] * 100)
    server.http.get(f"/v2/envs/{instance.instance_id}/render").raise_for_status()
    peaks = [peak_bytes(pid)]
    instance.start(video={"every_episodes": 1})
    instance.reset(seed=0)
    for _ in range(STEPS // 100):
        instance.step(*[0] * 100)
        peaks.append(peak_bytes(pid))
    instance.stop()
    assert peaks[-1] - peaks[0] < 50 * MEBIBYTE
    assert peaks[-1] - peaks[len(peaks) // 2] < 5 * MEBIBYTE
    (name,) = (name for name in instance.names() if name.endswith(".mp4"))
    with av.open(str(instance.downloaded(tmp_path) / name)) as film:
        assert sum(1 for _ in film.demux(video=0)) >= STEPS + 1
