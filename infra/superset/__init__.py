"""Dashboards: Superset as a part of the platform, and the pages that every contract gets in it."""
