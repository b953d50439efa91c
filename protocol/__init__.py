"""What the gateway and a worker say to each other: values only, no processes, no sockets, no HTTP."""
