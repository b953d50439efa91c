"""The HTTP face and the supervisor of the workers: moves bytes, and never imports what an environment needs."""
