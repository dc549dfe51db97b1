"""The clinic's own words: the screen where they are kept, and what the composer offers of them."""
