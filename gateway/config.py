"""The settings of a server: flags, each also a variable `GYM_SERVER_<NAME>`. Read here and nowhere else."""

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from gateway import quantities as of
from gateway.confinement import Confining, user_to_become
from gateway.permitted import Permitted
from gateway.secrets import secret_names
from gateway.security.disguise import hide_secrets
from gateway.security.proxies import network
from gateway.security.settings import Security, origin, path_or_none
from gateway.security.tokens import only_token, token_file
from protocol.facts import Limits

_MEBIBYTE = 1024 * 1024
_PREFIX = "GYM_SERVER_"
_OTHER_NAMES = {"GYM_SERVER_ENV": "GYM_ENV"}  # what the first gym-server called it


def _half_of_memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


class Config(msgspec.Struct, frozen=True):
    """What the operator has set. Ports: 0 takes a free one. Times in seconds, sizes in bytes."""

    host: str = "127.0.0.1"
    port: int = 5000
    artifacts_port: int = 8000
    data_dir: Path = Path("gym-server-data")
    imports: tuple[str, ...] = ()
    max_instances: int = 256
    queue_length: int = 64
    max_body_bytes: int = 4 * _MEBIBYTE
    max_message_bytes: int = 16 * _MEBIBYTE
    max_reply_bytes: int = 64 * _MEBIBYTE
    keep_artifacts_s: float | None = 7 * 24 * 3600
    limits: Limits = Limits(idle_s=6 * 3600, memory_bytes=_half_of_memory())
    default_env: str | None = None
    upload_keys: tuple[str, ...] = ()
    upload_to: str | None = None
    allow_shutdown: bool = False
    v1_flat_reset: bool = False
    access_log: bool = False
    log_format: str = "plain"
    log_level: str = "info"
    permitted: Permitted = Permitted()
    confining: Confining = Confining()
    security: Security = Security()


class _Setting(NamedTuple):
    flag: str
    field: str
    read: Callable[[str], Any]
    text: str


_SETTINGS = (
    _Setting("--host", "host", str, "address to listen on"),
    _Setting("--port", "port", of.port, "port of the gateway; 0 takes a free one"),
    _Setting("--artifacts-port", "artifacts_port", of.port, "port of the artifact server; 0 takes a free one"),
    _Setting("--data-dir", "data_dir", Path, "where pictures, recordings and logs are kept"),
    _Setting("--max-instances", "max_instances", of.count, "environments alive at once"),
    _Setting("--queue-length", "queue_length", of.count, "commands that may wait for one environment"),
    _Setting("--max-body-bytes", "max_body_bytes", of.size, "size of a request's body"),
    _Setting("--max-message-bytes", "max_message_bytes", of.size, "size of a message on a socket"),
    _Setting("--max-reply-bytes", "max_reply_bytes", of.size, "size of an environment's answer"),
    _Setting("--keep-artifacts", "keep_artifacts_s", of.seconds_or_never, "seconds; 0: for ever"),
    _Setting("--upload-to", "upload_to", of.http_url, "address that every uploaded recording is sent on to"),
)
_LIMITS = (
    _Setting("--start-timeout", "start_s", of.seconds, "seconds to build an environment"),
    _Setting("--reset-timeout", "reset_s", of.seconds, "seconds for a reset"),
    _Setting("--step-timeout", "step_s", of.seconds, "seconds for a step"),
    _Setting("--render-timeout", "render_s", of.seconds, "seconds for a picture and all other commands"),
    _Setting("--close-timeout", "close_s", of.seconds, "seconds for an environment to close itself"),
    _Setting("--idle-timeout", "idle_s", of.seconds_or_never, "seconds until an unused one is closed; 0: never"),
    _Setting("--memory-limit", "memory_bytes", of.size_or_any, "memory of one and all it starts, as 2G; 0: any"),
    _Setting("--address-space-limit", "address_space_bytes", of.size_or_any, "address space of one; 0: any"),
    _Setting("--max-processes", "processes", of.count_or_any, "processes of one, itself included; 0: any"),
    _Setting("--max-open-files", "open_files", of.count_or_any, "open files of one; 0: as many as the server"),
    _Setting("--max-file-bytes", "file_bytes", of.size_or_any, "size of a file that one writes, as 16G; 0: any"),
    _Setting("--nice", "nice", of.niceness, "how much environments give way to others, 0 to 19"),
    _Setting("--cpu-weight", "cpu_weight", of.weight, "share of the processor among environments, 1 to 10000"),
    _Setting("--cpu-limit", "cpu_cores", of.cores_or_any, "cores that one may keep busy, as 0.5; 0: any"),
)
_SECURITY = (
    _Setting("--token-file", "token_file", str, "file of several tokens, their roles and quotas; see SECURITY.md"),
    _Setting("--tls-cert", "tls_cert", path_or_none, "certificate and chain, as PEM; read again on SIGHUP"),
    _Setting("--tls-key", "tls_key", path_or_none, "its key, unless that is in the same file"),
    _Setting("--max-connections", "max_connections", of.count, "connections from one address"),
)
_SECURITY_LISTS: dict[str, Callable[[str], Any]] = {
    "allow_hosts": lambda name: name.lower(),
    "cors_origins": origin,
    "trusted_proxies": network,
}
_PERMITTED = {"allow": "allow", "deny": "deny", "allow_kwargs": "kwargs"}
_CONFINING = {"worker_read": "readable", "worker_write": "writable", "worker_env": "variables"}
_LISTS = {"imports", "upload_keys", *_SECURITY_LISTS, *_PERMITTED, *_CONFINING}
_TOKEN = "GYM_SERVER_TOKEN"  # noqa: S105 - the name of a variable


def read_config(arguments: Sequence[str], environment: Mapping[str, str]) -> Config:
    """The settings that flags, then environment variables, then defaults give.

    Ends the process with a message and code 2 where a value cannot be read.
    """
    parser = _parser()
    parser.set_defaults(**_from_environment(parser, environment))
    given: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in vars(parser.parse_args(arguments)).items()
    }
    limits = Limits(**{setting.field: given.pop(setting.field) for setting in _LIMITS})
    given["security"] = _security(parser, given, environment.get(_TOKEN, ""))
    given["permitted"] = Permitted(**{name: given.pop(dest) for dest, name in _PERMITTED.items()})
    given["confining"] = Confining(
        unconfined=given.pop("worker_unconfined"),
        network=given.pop("worker_network"),
        user=given.pop("worker_user"),
        **{name: given.pop(dest) for dest, name in _CONFINING.items()},
    )
    return Config(**given | {"limits": limits})


def _security(parser: argparse.ArgumentParser, given: dict[str, Any], token: str) -> Security:
    """Taken out of what was `given`; the token of the environment is never a default, which --help would print."""
    chosen = {name: given.pop(name) for name in ("insecure", *(setting.field for setting in _SECURITY))}
    only = given.pop("token")
    try:
        only = only or only_token(token)
        chosen["tokens"] = (*([only] if only else []), *token_file(chosen["token_file"] or ""))
        for name, read in _SECURITY_LISTS.items():
            chosen[name] = tuple(read(text) for text in given.pop(name))
    except argparse.ArgumentTypeError as error:
        parser.error(str(error))
    if chosen["tls_key"] and not chosen["tls_cert"]:
        parser.error("--tls-key needs a --tls-cert")
    return Security(**chosen)


def _parser() -> argparse.ArgumentParser:
    default = Config()
    parser = argparse.ArgumentParser(
        prog="gym-server run",
        description="Serve Gymnasium environments over HTTP, each in a process of its own.",
        epilog="Each flag can also be set as an environment variable: --max-instances is GYM_SERVER_MAX_INSTANCES.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    for settings, values in ((_SETTINGS, default), (_LIMITS, default.limits), (_SECURITY, default.security)):
        for flag, field, read, text in settings:
            parser.add_argument(flag, dest=field, type=read, default=getattr(values, field), metavar="X", help=text)
    add = parser.add_argument
    add("--import", dest="imports", metavar="MODULE", action="append", default=[], help=_IMPORT_HELP)
    add("--env", dest="default_env", metavar="ENV_ID", help="serve the first gym-server's API on one of these, too")
    add("--upload-key", dest="upload_keys", metavar="KEY", action="append", default=[], help=_KEY_HELP)
    add("--token", type=only_token, metavar="SECRET", help="what every request must show; better as a variable")
    add("--insecure", action="store_true", help="listen on any address without a token")
    add("--allow-host", dest="allow_hosts", metavar="NAME", action="append", default=[], help=_HOST_HELP)
    add("--cors-origin", dest="cors_origins", metavar="ORIGIN", action="append", default=[], help=_ORIGIN_HELP)
    add("--trusted-proxy", dest="trusted_proxies", metavar="NETWORK", action="append", default=[], help=_PROXY_HELP)
    _add_workers(add)
    add("--allow-shutdown", action="store_true", help="let clients of /v1 end the server")
    add("--v1-flat-reset", action="store_true", help="answer the seed's reset flat, as its last commit did")
    add("--access-log", action="store_true", help="log every request; costs as much as handling one")
    add("--log-format", choices=("plain", "json"), default=default.log_format, help="one line an event")
    add("--log-level", choices=("debug", "info", "warning", "error"), default=default.log_level, help="what is logged")
    return parser


def _add_workers(add: Callable[..., argparse.Action]) -> None:
    for flag, metavar, text in (
        ("--allow", "PATTERN", "ids of environments that may be made, as 'CartPole-*'; may be repeated"),
        ("--deny", "PATTERN", "ids that may not; may be repeated"),
        ("--allow-kwargs", "NAME", "arguments of environments that may name files or addresses; may be repeated"),
        ("--worker-read", "PATH", "what environments may read, beside what Python needs; may be repeated"),
        ("--worker-write", "PATH", "what they may write, beside their own folder; may be repeated"),
        ("--worker-env", "NAME", "variable that they get although it looks like a secret; may be repeated"),
    ):
        add(flag, metavar=metavar, action="append", default=[], help=text)
    add("--worker-user", type=user_to_become, metavar="NAME", help="whom environments run as, where the server is root")
    add("--worker-network", action="store_true", help="let environments open connections")
    add("--worker-unconfined", action="store_true", help="let environments do all that their user may")


_KEY_HELP = "key that an upload must have, any will do if there is none; may be repeated"
_HOST_HELP = "name by which clients call this server, as gym.example.org or *.example.org; may be repeated"
_ORIGIN_HELP = "whose pages may use this server, as https://example.org; may be repeated"
_PROXY_HELP = "address or network of a proxy whose X-Forwarded-* are believed; may be repeated"
_IMPORT_HELP = "module that registers environments, imported in every worker; may be repeated"


def _from_environment(parser: argparse.ArgumentParser, environment: Mapping[str, str]) -> dict[str, object]:
    """Defaults for the parser; strings, so that argparse reads and checks them like flags."""
    found: dict[str, object] = {}
    for action in parser._actions:  # noqa: SLF001 - argparse has no public list of what was added to it
        name = _PREFIX + action.option_strings[-1].removeprefix("--").upper().replace("-", "_")
        value = environment.get(name, environment.get(_OTHER_NAMES.get(name, "")))
        if value is None or name == _TOKEN:
            continue
        if action.dest in _LISTS:
            found[action.dest] = value.replace(",", " ").split()
        elif isinstance(action.const, bool):
            found[action.dest] = _switch(parser, name, value)
        elif action.choices and value not in action.choices:
            parser.error(f"{name}: {value!r} is not one of {', '.join(action.choices)}")
        else:
            found[action.dest] = value
    return found


def _switch(parser: argparse.ArgumentParser, name: str, value: str) -> bool:
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() not in {"", "0", "false", "no", "off"}:
        parser.error(f"{name}: {value!r} is neither 1 nor 0")
    return False


def server_url() -> str:
    """The server that the other commands talk to, unless a flag names another."""
    return os.environ.get("GYM_SERVER_URL") or "http://127.0.0.1:5000"


def server_token() -> str | None:
    """What the other commands show to the server, unless a flag says otherwise."""
    return os.environ.get(_TOKEN)


def hide_tokens(arguments: Sequence[str]) -> None:
    """Nobody finds the secrets among these arguments in a list of processes."""
    hide_secrets(arguments, {"--token", "--upload-key"})


def config_from_process(arguments: Sequence[str]) -> Config:
    """The settings of this process, in which nobody finds their secrets any more; nor do the processes it starts."""
    config = read_config(arguments, os.environ)
    if config.security.tokens or config.upload_keys:
        hide_tokens(["run", *arguments])
    for name in secret_names(os.environ, config.confining.variables):
        del os.environ[name]
    return config
