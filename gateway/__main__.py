"""`python -m gateway` and `gym-server`. Kept tiny: processes forked for workers import this module too."""

import sys


def main() -> int:
    """Runs the command of the command line; its exit code."""
    from gateway.app import serve  # noqa: PLC0415 - workers shall not pay for it
    from gateway.config import config_from_process  # noqa: PLC0415 - as above

    arguments = sys.argv[1:]
    if arguments[:1] == ["run"]:
        del arguments[0]
    return serve(config_from_process(arguments))


if __name__ == "__main__":
    sys.exit(main())
