"""The clinic's admin of people, places, hours and visits."""

from scheduling.admin import doctors, people, places, visits

__all__ = ["doctors", "people", "places", "visits"]
