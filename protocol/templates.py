"""What a template, a process from which workers of one kind of environment are forked, and the gateway say.

The template tells the kind of its environment and waits for a byte that says whether it is wanted; says then, by a
byte, whether it is fit; and from there on forks a worker for each request: pickled arguments, and two descriptors, the
worker's pipe and one to write its status to.
"""

import struct

YES, NO = b"+", b"-"
STATUS = struct.Struct("q")
"""A process id, and once that process has ended its exit code, a signal as a negative number; in native byte order."""

MAX_REQUEST_BYTES = 64 * 1024
