"""Rule languages: text → :mod:`matcher.engine.expression`. Pure."""
