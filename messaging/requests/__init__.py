"""Requests: the card in a thread, and the screen that shows the queue with the day beside it."""
