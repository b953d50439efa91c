"""The second port: what workers leave on disk, read-only."""
