"""The two formats as a strict client reads them, written without the product's own code."""

import json
from typing import Any, NoReturn

import msgpack
import numpy as np


def read_strict_json(text: bytes) -> Any:
    """The value of a text that keeps to RFC 8259, with finite numbers and no name twice in one object."""

    def unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(members)) == len(members), f"a name twice: {members}"
        return dict(members)

    def refuse(constant: str) -> NoReturn:
        raise AssertionError(f"{constant} is no JSON")

    value = json.loads(text.decode(), object_pairs_hook=unique, parse_constant=refuse)
    json.dumps(value, allow_nan=False)  # 1e999 is a number of JSON, but nobody's float
    return value


def read_strict_msgpack(data: bytes) -> Any:
    """The value, arrays of extension type 1 as NumPy's."""

    def read_array(code: int, content: bytes) -> np.ndarray[Any, Any]:
        assert code == 1
        dtype, shape, elements = msgpack.unpackb(content)
        assert np.dtype(dtype).str == dtype
        assert dtype[0] in "<|"
        return np.frombuffer(elements, dtype).reshape(shape)

    return msgpack.unpackb(data, ext_hook=read_array, strict_map_key=True)
