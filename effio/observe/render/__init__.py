"""Pictures of plans and traces: as text, in colours, as flowcharts, as data, as a page."""
