"""Settings: flags before environment variables before defaults, each checked where it is read."""

from pathlib import Path

import pytest

from gateway.config import Config, read_config


def test_without_flags_and_variables_there_are_defaults() -> None:
    """The ports of the first gym-server, on this machine alone."""
    config = read_config([], {})
    assert config == Config()
    assert (config.host, config.port, config.artifacts_port) == ("127.0.0.1", 5000, 8000)


@pytest.mark.parametrize(
    ("flag", "value", "field", "expected"),
    [
        ("--host", "0.0.0.0", "host", "0.0.0.0"),  # noqa: S104 - read, not bound
        ("--port", "0", "port", 0),
        ("--artifacts-port", "65535", "artifacts_port", 65535),
        ("--data-dir", "/tmp/x y", "data_dir", Path("/tmp/x y")),  # noqa: S108 - read, not used
        ("--max-instances", "3", "max_instances", 3),
        ("--queue-length", "1", "queue_length", 1),
        ("--max-body-bytes", "1000", "max_body_bytes", 1000),
        ("--max-reply-bytes", "2K", "max_reply_bytes", 2048),
        ("--log-level", "debug", "log_level", "debug"),
        ("--log-format", "json", "log_format", "json"),
        ("--import", "tests.envs", "imports", ("tests.envs",)),
    ],
)
def test_a_flag_is_also_a_variable(flag: str, value: str, field: str, expected: object) -> None:
    """`--max-instances` is `GYM_SERVER_MAX_INSTANCES`; the flag wins."""
    variable = "GYM_SERVER_" + flag.removeprefix("--").replace("-", "_").upper()
    assert getattr(read_config([flag, value], {}), field) == expected
    assert getattr(read_config([], {variable: value}), field) == expected


def test_a_flag_wins_over_its_variable() -> None:
    """What is nearer to the operator counts."""
    assert read_config(["--port", "1"], {"GYM_SERVER_PORT": "2"}).port == 1


@pytest.mark.parametrize(
    ("name", "field"),
    [("start", "start_s"), ("reset", "reset_s"), ("step", "step_s"), ("render", "render_s"), ("close", "close_s")],
)
def test_a_timeout_is_a_limit_in_seconds(name: str, field: str) -> None:
    """Fractions of a second too."""
    assert getattr(read_config([f"--{name}-timeout", "1.5"], {}).limits, field) == 1.5


def test_modules_to_import_add_up() -> None:
    """The flag may be repeated; the variable holds several, with commas or spaces between them."""
    assert read_config(["--import", "a", "--import", "b.c"], {}).imports == ("a", "b.c")
    assert read_config([], {"GYM_SERVER_IMPORT": "a, b.c d"}).imports == ("a", "b.c", "d")
    assert read_config([], {"GYM_SERVER_IMPORT": ""}).imports == ()


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--port", "65536"),
        ("--port", "-1"),
        ("--port", "http"),
        ("--artifacts-port", ""),
        ("--max-instances", "0"),
        ("--queue-length", "-5"),
        ("--max-body-bytes", "much"),
        ("--step-timeout", "0"),
        ("--step-timeout", "nan"),
        ("--step-timeout", "inf"),
        ("--log-level", "loud"),
    ],
)
def test_a_value_that_cannot_be_ends_with_a_message(capsys: pytest.CaptureFixture[str], flag: str, value: str) -> None:
    """Code 2, and the name of what was wrong, whether it came as a flag or as a variable."""
    variable = "GYM_SERVER_" + flag.removeprefix("--").replace("-", "_").upper()
    for arguments, environment in (([flag, value], {}), ([], {variable: value})):
        with pytest.raises(SystemExit) as caught:
            read_config(arguments, environment)
        assert caught.value.code == 2
        said = capsys.readouterr().err
        assert flag in said or variable in said


def test_an_unknown_flag_ends_with_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt setting is not silently the default."""
    with pytest.raises(SystemExit) as caught:
        read_config(["--max-instance-count", "3"], {})
    assert caught.value.code == 2
    assert "--max-instance-count" in capsys.readouterr().err


def test_help_names_every_flag(capsys: pytest.CaptureFixture[str]) -> None:
    """With its default and its variable."""
    with pytest.raises(SystemExit) as caught:
        read_config(["--help"], {})
    assert caught.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert all(
        flag in said for flag in ("--host", "--port", "--artifacts-port", "--data-dir", "--import", "--log-level")
    )
    assert "GYM_SERVER_MAX_INSTANCES" in said
    assert "default: 5000" in said
