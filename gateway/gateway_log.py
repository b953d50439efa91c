"""The gateway's own log, on standard error: lines for people, or one JSON object a line for machines."""

import logging
import re
import sys

import msgspec

from gateway.config import Config

_INSTANCE = re.compile(r"^([0-9a-f]{8}): ")


def set_up_logging(config: Config) -> None:
    """Everything that is logged from here on goes to standard error, in the form that the operator chose."""
    handler = logging.StreamHandler(sys.stderr)
    if config.log_format == "json":
        handler.setFormatter(_JsonLines())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=config.log_level.upper(), handlers=[handler])


class _JsonLines(logging.Formatter):
    """`{"at", "level", "logger", "message", "instance_id"?, "exception"?}`; at in seconds since 1970."""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        line = {"at": record.created, "level": record.levelname.lower(), "logger": record.name, "message": message}
        if instance := _INSTANCE.match(message):
            line["instance_id"] = instance[1]
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()
