"""Cases: reading, selecting and playing them."""
