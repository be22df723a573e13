"""The book: its pictures, its generated pages, and how it is built."""
