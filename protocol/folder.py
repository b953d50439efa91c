"""What both sides call the files in an instance's folder, and the signal with which the gateway asks for a stack."""

import signal

FOLDERS = ("rendered", "simulation", "logs")
"""What a worker finds in its folder."""

OUTPUT_LOG = "logs/output.log"
"""What the environment and its children wrote to standard output and standard error."""

OLDER_OUTPUT_LOG = "logs/output.1.log"
"""The end of what was written before the log became too large."""

FAULT_LOG = "logs/faults.log"
"""Python stacks of the worker: where it died, and what it did when it was asked."""

STACK_SIGNAL = signal.SIGRTMAX
"""Makes a worker write the Python stack of every thread to its fault log, even while it hangs in C.

The last real-time signal: neither libc, Python nor the libraries of environments use it.
"""
