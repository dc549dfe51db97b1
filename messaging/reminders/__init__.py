"""Reminders: when one is due, what it says, who cannot be reached, and the page that shows all of it beforehand."""
