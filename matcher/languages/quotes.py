"""The quotes that word processors and web pages put in place of straight ones."""
# ruff: noqa: RUF001 - they look like others, which is why they are here

SINGLE_QUOTES = "‘’‚‛‹›´`′"
DOUBLE_QUOTES = "“”„‟«»″"
