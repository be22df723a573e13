"""Guest programs, their vectors, and random C against qemu."""
