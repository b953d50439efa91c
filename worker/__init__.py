"""One environment in one process: turns a frame of bytes into a frame of bytes, and can be killed."""
