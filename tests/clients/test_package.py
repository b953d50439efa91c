"""The client is a package of its own: what it imports, what its README says, what it installs."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.server import ROOT, Server

PACKAGE = ROOT / "clients" / "python"
SOURCE = PACKAGE / "src" / "gym_server_client"
DISTRIBUTION = {"PIL": "pillow"}


def imported() -> set[str]:
    """The top-level modules that its files import, but for the standard library and itself."""
    names = set()
    for path in SOURCE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(str(node.module).partition(".")[0])
    return names - sys.stdlib_module_names - {"gym_server_client"}


def test_it_imports_what_it_depends_on_and_nothing_of_the_server() -> None:
    """Every dependency that it declares, and no other module."""
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[\[>]", requirement)[0] for requirement in project["dependencies"]}
    assert {DISTRIBUTION.get(name, name) for name in imported()} == declared


def test_the_examples_of_its_readme_run(server: Server, tmp_path: Path) -> None:
    """One after the other, as one program that has nothing but the package, warnings being errors."""
    examples = re.findall(r"```python\n(.*?)```", (PACKAGE / "README.md").read_text(), re.DOTALL)
    assert len(examples) > 1
    program = "\n".join(examples).replace("http://127.0.0.1:5000", server.url)
    command = [sys.executable, "-W", "error", "-c", program]
    run = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(SOURCE.parent)}, capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
