"""The names of events, by log source: types, QID names and categories, as data files."""

from matcher.events.catalogue.catalogue import Catalogue, LogSource
from matcher.events.catalogue.tables import Category, Naming

__all__ = ["Catalogue", "Category", "LogSource", "Naming"]
