"""The documentation as plain files: a page for each source, and the pages of docs/. No script, no host."""
