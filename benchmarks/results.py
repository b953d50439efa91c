"""Runs the benchmarks one after the other, and writes what they print into `RESULTS.md`, all claims on top.

    python -m benchmarks.results [NAME ...]

With names, only these run, and the sections of the others stay as they are. Ends with code 1 if one has failed.
"""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.claims import HEAD
from benchmarks.measurement import machine

_HERE = Path(__file__).parent
_RESULTS = _HERE / "RESULTS.md"
_ENDURANCE = {"chaos", "soak"}  # they take minutes, and tell what is left behind instead of how fast it was
_COMPARED = ("gymnasium", "aiohttp", "openenv", "dm_env_rpc")
_SECTION = "\n## "


def main() -> int:
    """The exit code."""
    sections = _sections() if _RESULTS.exists() else {}
    failed = []
    for name in sys.argv[1:] or _all():
        print(f"benchmarks.{name}", file=sys.stderr, flush=True)
        line = [sys.executable, "-m", f"benchmarks.{name}"]
        ran = subprocess.run(line, cwd=_HERE.parent, stdout=subprocess.PIPE, text=True, check=False)
        verdict = ""
        if ran.returncode:
            failed.append(name)
            verdict = f"\n**It ended with code {ran.returncode}.**\n"
        sections[name] = f"{_title(name)}\n\n{ran.stdout.strip()}\n{verdict}"
        _RESULTS.write_text(_document(sections))
    print(f"failed: {', '.join(failed)}" if failed else f"{_RESULTS} is written", file=sys.stderr)
    return int(bool(failed))


def _all() -> list[str]:
    """The names of those that can be run."""
    names = (path.stem for path in sorted(_HERE.glob("*.py")) if '__name__ == "__main__"' in path.read_text())
    return [name for name in names if name not in _ENDURANCE | {Path(__file__).stem}]


def _title(name: str) -> str:
    """The first sentence of its docstring."""
    return (_HERE / f"{name}.py").read_text().removeprefix('"""').splitlines()[0]


def _sections() -> dict[str, str]:
    """What stands there already, by the names of the benchmarks."""
    _, *parts = _RESULTS.read_text().split(_SECTION)
    return {name: text.strip() + "\n" for name, _, text in (part.partition("\n") for part in parts)}


def _document(sections: dict[str, str]) -> str:
    compared = ", ".join(f"{package} {version(package)}" for package in _COMPARED)
    top = f"# What was measured\n\n`make bench` writes this file. {machine()}; {compared}.\n\n{_claims(sections)}\n"
    return top + "".join(f"{_SECTION}{name}\n\n{text}" for name, text in sorted(sections.items()))


def _claims(sections: dict[str, str]) -> str:
    """The rows of all tables of claims that promise something, each with the name of its benchmark."""
    rows = [
        f"| {name}: {row.removeprefix('| ')}"
        for name, text in sorted(sections.items())
        for table in text.split(HEAD)[1:]
        for row in _rows(table)
        if not row.endswith("|  |")
    ]
    return "\n".join((HEAD, *rows))


def _rows(table: str) -> list[str]:
    lines = table.strip().splitlines()
    end = next((number for number, line in enumerate(lines) if not line.startswith("|")), len(lines))
    return lines[:end]


if __name__ == "__main__":
    sys.exit(main())
