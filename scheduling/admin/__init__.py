"""The clinic's admin of people, places, hours and visits."""

from scheduling.admin import dashboard, doctors, people, places, visits

__all__ = ["dashboard", "doctors", "people", "places", "visits"]
