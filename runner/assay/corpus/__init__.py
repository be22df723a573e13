"""The vectors as a whole: generating them and what they cover."""
