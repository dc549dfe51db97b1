"""Search over the whole clinic: people by name or number, words in messages; the palette's server side."""
