"""The rules of DESIGN.md that a machine can hold: who imports whom, how long things are, that exceptions say why."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import ROOT

PACKAGES = ("protocol", "worker", "gateway")
CODE = (*PACKAGES, "clients", "tests", "benchmarks")
HEAVY = frozenset({"numpy", "gymnasium", "PIL", "pygame", "av", "mujoco", "ale_py", "minigrid", "Box2D"})
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40

MAY_IMPORT = {
    "protocol": {"protocol"},
    "worker": {"protocol", "worker"},
    "gateway": {"protocol", "gateway", "worker.entry"},
}
"""Imports only go down; `worker.entry` is the one name of a worker that the gateway knows."""

MAY_CATCH_EVERYTHING = {"gateway/errors.py", "worker/serve.py"}
"""Where `except Exception` is allowed without a reason of its own."""

SUPPRESSION = re.compile(r"#\s*(?:noqa|type:\s*ignore|pragma|fmt:\s*off)")
REASON = re.compile(r"#\s*(?:noqa(?::\s*[A-Z0-9, ]+)?|type:\s*ignore\[[a-z-]+\])\s*(?:-|#)\s*\S+")


def files(*folders: str) -> Iterator[Path]:
    """Every Python file of these folders, as a path from the root."""
    for folder in folders:
        yield from (path.relative_to(ROOT) for path in sorted((ROOT / folder).rglob("*.py")))


def tree(path: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse((ROOT / path).read_text(), str(path))


def imports(path: Path) -> set[str]:
    """Every module that the file names in an import, wherever it stands; `from a import b` names both a and a.b."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: imports are absolute"
            assert node.module
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def is_allowed(module: str, allowed: set[str]) -> bool:
    """Whether the module is one of these, lies within one, or is the package around one."""
    return any(module == name or module.startswith(f"{name}.") or name.startswith(f"{module}.") for name in allowed)


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_only_go_down(package: str) -> None:
    """protocol knows nobody, worker and gateway know protocol, and each other not at all but for one function."""
    wrong = [
        f"{path} imports {module}"
        for path in files(package)
        for module in imports(path)
        if module.partition(".")[0] in PACKAGES and not is_allowed(module, MAY_IMPORT[package])
    ]
    assert not wrong


def test_nothing_of_the_product_imports_its_tests() -> None:
    """Nor its benchmarks."""
    assert not [
        path for path in files(*PACKAGES) for name in imports(path) if name.split(".")[0] in ("tests", "benchmarks")
    ]


def test_no_file_of_the_gateway_names_what_an_environment_needs() -> None:
    """Arrays, pictures and environments are a worker's business."""
    assert not [f"{path}: {name}" for path in files("gateway") for name in imports(path) if name.split(".")[0] in HEAVY]


def test_the_gateway_process_loads_nothing_that_an_environment_needs() -> None:
    """Also not through what it imports: looked at in a process that has loaded the whole gateway."""
    script = "import sys, gateway.__main__, gateway.app; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)
    loaded = set(run.stdout.split())
    assert "gateway.supervisor" in loaded
    assert not HEAVY & loaded
    assert {name for name in loaded if name.startswith("worker")} == {"worker", "worker.entry"}


def test_what_a_worker_imports_at_its_birth_is_little() -> None:
    """Processes for workers import the gateway's `__main__` anew, so it brings nothing with it."""
    script = "import sys, gateway.__main__, worker.entry; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)
    loaded = set(run.stdout.split())
    assert not (HEAVY | {"aiohttp", "asyncio"}) & loaded


def test_files_are_short() -> None:
    """Below 300 lines."""
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path in files(*CODE)}
    assert not [f"{path}: {lines}" for path, lines in lengths.items() if lines >= MAX_FILE_LINES]


def test_functions_are_short() -> None:
    """Below 40 lines, the signature and the docstring left out."""
    functions = [
        (f"{path}: {node.name}", body_lines(node))
        for path in files(*CODE)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert not [f"{name}: {lines}" for name, lines in functions if lines >= MAX_FUNCTION_LINES]


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of its body, from the first that is no docstring."""
    statements = function.body[ast.get_docstring(function) is not None :]
    if not statements:
        return 0
    return (statements[-1].end_lineno or 0) - statements[0].lineno + 1


def test_an_exception_from_a_rule_says_why() -> None:
    """Every `noqa` and `type: ignore` names the rule and the reason."""
    assert not [
        f"{path}:{number}: {line.strip()}"
        for path in files(*CODE)
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1)
        if SUPPRESSION.search(line) and not REASON.search(line)
    ]


def test_everything_is_caught_in_two_places_alone() -> None:
    """A broad `except` elsewhere has a reason beside it: what comes there is an environment's own code."""
    assert not [
        f"{path}:{node.lineno}"
        for path in files(*PACKAGES)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler) and is_broad(node) and str(path) not in MAY_CATCH_EVERYTHING
        if "#" not in (ROOT / path).read_text().splitlines()[node.lineno - 1]
    ]


def is_broad(handler: ast.ExceptHandler) -> bool:
    """Whether it catches every exception there is."""
    return handler.type is None or (isinstance(handler.type, ast.Name) and handler.type.id == "Exception")


def test_every_module_says_what_it_is_for() -> None:
    """Its docstring is one paragraph at the top."""
    assert not [path for path in files(*CODE) if not ast.get_docstring(tree(path))]


@pytest.mark.parametrize("word", ["utils", "helpers", "common"])
def test_no_module_is_a_drawer(word: str) -> None:
    """A module is named after what is in it."""
    assert not [path for path in files(*CODE) if word in path.stem]


def test_only_config_reads_the_environment_of_the_gateway() -> None:
    """`os.environ` stands in one file."""
    reads = re.compile(r"\bos\.(environ|getenv)|from os import")
    readers = [path for path in files("gateway") if reads.search((ROOT / path).read_text())]
    assert readers == [Path("gateway/config.py")]


def test_the_design_names_what_is_there() -> None:
    """Every file in its layout exists in the folder it stands under, and every dependency is in its table."""
    design = (ROOT / "DESIGN.md").read_text()
    layout = re.search(r"^## Layout\n(.*?)^## ", design, re.MULTILINE | re.DOTALL)
    assert layout
    folder, missing = "", []
    for word in re.findall(r"[\w/]+(?:\.py)?", layout[1]):
        if word.strip("/") in CODE:
            folder = word.strip("/")
        elif word.endswith(".py") and not list((ROOT / folder).rglob(word)):
            missing.append(f"{folder}/{word}")
    assert not missing
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    table = design.partition("## Dependencies")[2]
    named = set(re.findall(r"[a-z][a-z-]+", table.partition("Tests:")[0]))
    assert {re.split(r"[\[>]", requirement)[0] for requirement in project["dependencies"]} <= named
