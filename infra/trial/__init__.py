"""A contract tried out on events of a file, or of a simulated day: nothing is deployed, no server is needed.

The way: arrivals (records as they would come to Kafka) -> outcome (by the judge and the live query's own
functions) -> what would be made (tables, charts, tasks) -> a picture and a page.
"""
