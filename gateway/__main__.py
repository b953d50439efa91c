"""`python -m gateway` and `gym-server`. Kept tiny: processes forked for workers import this module too."""

import sys


def main() -> int:
    """Runs the command of the command line, `run` unless it names another; its exit code."""
    arguments = sys.argv[1:]
    word = arguments[0] if arguments else "run"
    if word in {"-h", "--help"} or (word != "run" and not word.startswith("-")):
        from gateway.command_line.commands import run  # noqa: PLC0415 - workers shall not pay for it

        return run(arguments)
    from gateway.app import serve  # noqa: PLC0415 - as above
    from gateway.config import config_from_process  # noqa: PLC0415 - as above

    return serve(config_from_process(arguments[word == "run" :]))


if __name__ == "__main__":
    sys.exit(main())
