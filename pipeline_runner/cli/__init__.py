"""The prun command. The only home of click."""
