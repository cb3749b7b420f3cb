"""The process around the engine: wiring, signals, logs, HTTP."""
