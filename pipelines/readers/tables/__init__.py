"""Tables as rows and columns: panels, lists, registries, returns."""
