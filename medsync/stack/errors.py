"""What can go wrong while the stack is brought up, in words that say what helps."""


class StackError(Exception):
    """A part of the stack cannot be started; the text is meant for the person at the terminal."""
