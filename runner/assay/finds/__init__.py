"""What was found: a folder a signature, and how one of them becomes a vector."""
