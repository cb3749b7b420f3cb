"""Settings: what there is (``sections``), where it comes from (``loading``), what must hold
between them (``checks``), and how it is shown (``document``).

Sources, strongest first: command-line options, environment (``MATCHER_KAFKA__BOOTSTRAP_SERVERS``:
two underscores between section and name), the TOML file named by ``MATCHER_CONFIG`` or
``--config``, the defaults. A secret may be given as ``…_FILE``, the path of a file that holds it.
"""

from matcher.config.loading import Configuration, load_settings
from matcher.config.sections import (
    AlertSettings,
    AqlSettings,
    CatalogueSettings,
    HttpSettings,
    InputSettings,
    KafkaSettings,
    OutputSettings,
    RuleSettings,
    Section,
    SecuritySettings,
    ServiceSettings,
    Settings,
    SeverityName,
    SigmaSettings,
    parse_time,
)

__all__ = [
    "AlertSettings",
    "AqlSettings",
    "CatalogueSettings",
    "Configuration",
    "HttpSettings",
    "InputSettings",
    "KafkaSettings",
    "OutputSettings",
    "RuleSettings",
    "Section",
    "SecuritySettings",
    "ServiceSettings",
    "Settings",
    "SeverityName",
    "SigmaSettings",
    "load_settings",
    "parse_time",
]
