"""The pages that operators see: one file a page."""
