"""What the events of each log source are called: types, QID names, categories, as data files."""

from matcher.events.catalogue.catalogue import Catalogue, LogSource
from matcher.events.catalogue.tables import Category, Naming

__all__ = ["Catalogue", "Category", "LogSource", "Naming"]
