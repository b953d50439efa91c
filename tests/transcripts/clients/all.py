"""The fifteen clients; scala-gym is here in both of its generations."""

from tests.transcripts.clients.clojure import CLOJURE
from tests.transcripts.clients.cpp import CPP
from tests.transcripts.clients.go import GO
from tests.transcripts.clients.haskell import HASKELL
from tests.transcripts.clients.javascript import JAVASCRIPT
from tests.transcripts.clients.julia import JULIA
from tests.transcripts.clients.lua import LUA
from tests.transcripts.clients.matlab import MATLAB
from tests.transcripts.clients.python import PYTHON
from tests.transcripts.clients.r import R
from tests.transcripts.clients.ruby import RUBY
from tests.transcripts.clients.rust import RUST
from tests.transcripts.clients.scala_gym import SCALA_GYM, SCALA_GYM_2
from tests.transcripts.clients.swift import SWIFT
from tests.transcripts.clients.wolfram import WOLFRAM

HTTP_API = (
    PYTHON, GO, RUST, CPP, JAVASCRIPT, LUA, RUBY, R, CLOJURE, MATLAB, HASKELL, SWIFT, JULIA, WOLFRAM,
)  # fmt: skip
"""Those of gym-http-api."""

SEED = (SCALA_GYM, SCALA_GYM_2)
"""Those of the first gym-server; the second generation needs `--v1-flat-reset`."""
