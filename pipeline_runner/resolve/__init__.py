"""From a spec to a graph, from a graph to its items: pure."""
