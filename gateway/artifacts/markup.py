"""The listings as HTML, made of values by escaping them; `gateway/pages/listing.html` is the frame around them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from string import Template
from typing import Any

from gateway.artifacts.instances import summary
from gateway.artifacts.listing import Entry, Kept, Page
from gateway.artifacts.media import media_type
from gateway.artifacts.paths import text_of, url_of
from gateway.static import PAGES

_FRAME = Template((PAGES / "listing.html").read_text("utf-8"))
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_STEP = 1024
_SHOWN = ("image", "video")
_HEADINGS = '<tr><th scope="col">Name</th><th scope="col" class="number">Size</th><th scope="col">Changed</th></tr>'

Document = Mapping[str, Any] | None


def index_page(found: Page[Kept], documents: Mapping[str, Document]) -> bytes:
    """The list of all instances."""
    cards = (_instance_card(kept, documents[kept.instance_id]) for kept in found.items)
    body = _list(cards, "No instance has left anything yet.")
    return _framed((), body, _pager(found, "/", "instances"))


def instance_page(kept: Kept, document: Document, folders: Sequence[Entry]) -> bytes:
    """One instance and its folders."""
    parts = (kept.instance_id,)
    preview = _preview(kept)
    about = (
        f'<a class="main" href="{_live(kept)}">{preview}<b>{_name(kept)}</b></a>'
        f'<p>{_facts(kept, document)}</p><p><a href="{_live(kept)}">Live view</a></p>'
    )
    cards = (_folder_card(parts, entry) for entry in folders)
    return _framed(parts, f'<div class="card about">{about}</div>{_list(cards, "It has no folders.")}', "")


def folder_page(parts: Sequence[str], found: Page[Entry]) -> bytes:
    """What lies in one folder."""
    shown = [entry for entry in found.items if _kind(parts, entry) in _SHOWN]
    named = [entry for entry in found.items if _kind(parts, entry) not in _SHOWN]
    gallery = _list((_file_card(parts, entry) for entry in shown), "") if shown else ""
    rows = "\n".join(_row(parts, entry) for entry in named)
    table = f'<table class="files">\n<thead>{_HEADINGS}</thead>\n<tbody>\n{rows}\n</tbody>\n</table>' if rows else ""
    body = gallery + table or '<p class="empty">This folder is empty.</p>'
    return _framed(parts, body, _pager(found, url_of(*parts) + "/", "files"))


def _framed(parts: Sequence[str], body: str, pager: str) -> bytes:
    names = ["Instances", *map(_text, parts)]
    urls = [url_of(*parts[:depth]) + "/" for depth in range(len(names))]
    crumbs = [f'<li><a href="{url}">{name}</a></li>' for url, name in zip(urls, names, strict=True)][:-1]
    crumbs.append(f'<li aria-current="page">{names[-1]}</li>')
    title = " / ".join(reversed(names))
    return _FRAME.substitute(title=title, crumbs="\n".join(crumbs), heading=names[-1], body=body, pager=pager).encode()


def _list(cards: Iterable[str], empty: str) -> str:
    items = "\n".join(cards)
    return f'<ul class="cards">\n{items}\n</ul>' if items else f'<p class="empty">{empty}</p>'


def _instance_card(kept: Kept, document: Document) -> str:
    told = summary(kept, document)
    preview = _preview(kept)
    links = "\n".join(f'<a href="{told[name]}">{name}</a>' for name in ("rendered", "simulation", "logs"))
    return (
        f'<li class="card"><a class="main" href="{url_of(kept.instance_id)}/">{preview}<b>{_name(kept)}</b>'
        f" <code>{kept.instance_id}</code></a><p>{_facts(kept, document)}</p>"
        f'<p class="links"><a href="{_live(kept)}">live view</a>\n{links}</p></li>'
    )


def _folder_card(parents: Sequence[str], entry: Entry) -> str:
    link = f'<a class="main" href="{url_of(*parents, entry.name)}/"><b>{_text(entry.name)}/</b></a>'
    return f'<li class="card">{link}<p>{_time(entry.modified_at)}</p></li>'


def _file_card(parents: Sequence[str], entry: Entry) -> str:
    url, name = url_of(*parents, entry.name), _text(entry.name)
    is_video = _kind(parents, entry) == "video"
    picture = "" if is_video else _image(url)
    video = f'<video controls preload="metadata" src="{url}" aria-label="{name}"></video>' if is_video else ""
    return (
        f'<li class="card">{video}<a class="main" href="{url}">{picture}<b>{name}</b></a>'
        f"<p>{_size(entry.size_bytes)} · {_time(entry.modified_at)}</p></li>"
    )


def _row(parents: Sequence[str], entry: Entry) -> str:
    slash, size = ("/", "") if entry.is_folder else ("", _size(entry.size_bytes))
    link = f'<a href="{url_of(*parents, entry.name)}{slash}">{_text(entry.name)}{slash}</a>'
    return f'<tr><th scope="row">{link}</th><td class="number">{size}</td><td>{_time(entry.modified_at)}</td></tr>'


def _kind(parents: Sequence[str], entry: Entry) -> str:
    """What a browser would do with it: "image", "video", or anything else."""
    return "folder" if entry.is_folder else media_type((*parents, entry.name)).partition("/")[0]


def _pager(found: Page[Any], url: str, noun: str) -> str:
    """Which part of the list this is, with links to the parts around it."""
    window = found.window
    if not window.offset and len(found.items) == found.total:
        return f"<p>{found.total:,} {noun}</p>"
    neighbours = (("prev", "Previous", window.preceding()), ("next", "Next", window.following(found.total)))
    links = "\n".join(
        f'<a rel="{rel}" href="{url}{escape(other.query())}">{text}</a>' for rel, text, other in neighbours if other
    )
    first, last = window.offset + 1, window.offset + len(found.items)
    return f"<p>{first:,} to {last:,} of {found.total:,} {noun}</p>\n{links}"


def _facts(kept: Kept, document: Document) -> str:
    state = document["state"] if document else "gone"
    made_at = kept.facts.created_at
    return f'<span class="state {escape(state)}">{escape(state)}</span>' + (f" {_time(made_at)}" if made_at else "")


def _name(kept: Kept) -> str:
    return _text(kept.facts.env_id or "unknown environment")


def _live(kept: Kept) -> str:
    return f"/render.html?instance_id={kept.instance_id}"


def _preview(kept: Kept) -> str:
    if kept.picture is None:
        return '<span class="none">no picture</span>'
    return _image(url_of(kept.instance_id, "rendered", kept.picture.name))


def _image(url: str) -> str:
    """The picture itself is its thumbnail; the name beside it is its text."""
    return f'<img src="{url}" alt="" loading="lazy">'


def _time(moment: datetime) -> str:
    return f'<time datetime="{moment.isoformat()}">{moment:%Y-%m-%d %H:%M:%S} UTC</time>'


def _size(size_bytes: int) -> str:
    size, unit = float(size_bytes), 0
    while size >= _STEP and unit < len(_UNITS) - 1:
        size, unit = size / _STEP, unit + 1
    return f'<data value="{size_bytes}">{size:.{1 if unit else 0}f} {_UNITS[unit]}</data>'


def _text(text: str) -> str:
    return escape(text_of(text))
