"""The quotes that word processors and web pages put in place of straight ones."""
# ruff: noqa: RUF001 - the characters are listed because they look like others

SINGLE_QUOTES = "‘’‚‛‹›´`′"
DOUBLE_QUOTES = "“”„‟«»″"
