"""Native servers of the cluster profile for development and CI: fetched, configured, started, watched, stopped."""
