"""The outside world: adapters, settings, wiring, processes, command line. Imports everything, imported by nobody."""
