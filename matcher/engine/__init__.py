"""Expression → RuleSet → matches. Knows no rule language."""
