"""The command line of a running server: what an operator sees of it, through its API and nothing else."""
