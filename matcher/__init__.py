"""A streaming detector for cloud audit logs: Kafka in, QRadar AQL applied, alerts out."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("matcher")
except PackageNotFoundError:
    __version__ = "0.0.0+source"
