"""Pictures of a pipeline: one layered layout, drawn as text or SVG; Mermaid and DOT lay out themselves."""
