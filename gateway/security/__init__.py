"""Who may ask what of the server, and how much of it: tokens, names, origins, quotas, connections."""
