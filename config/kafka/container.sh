#!/bin/sh
# Runs one Kafka in a container: server.properties with the container's values, then every KAFKA_* variable over it
# (KAFKA_LOG_DIRS is log.dirs), as apache/kafka's image reads them. Formats the storage once.
set -eu

config=/var/lib/kafka/server.properties
sed -e 's/\${listen}/0.0.0.0/' -e 's/\${port}/9092/' -e 's/\${controller_port}/9093/' \
    -e 's/\${advertised}/127.0.0.1:9092/' -e 's|\${data}|/var/lib/kafka/data|' /opt/kafka/server.properties >"$config"

# Of two lines with one key the later counts. Variables for the JVM and for logging are no settings of the broker.
env | grep '^KAFKA_' | grep -v -E '^KAFKA_(VERSION|HEAP_OPTS|OPTS|JVM|GC|JMX|LOG4J|TOOLS)' | while read -r line; do
  key=$(printf %s "${line%%=*}" | cut -c7- | tr 'A-Z_' 'a-z.')
  printf '%s=%s\n' "$key" "${line#*=}"
done >>"$config"

logging=-Dlog4j2.configurationFile=/opt/kafka/log4j2.xml
java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC $logging -cp '/opt/kafka/libs/*' \
  kafka.tools.StorageTool format --ignore-formatted -t "${CLUSTER_ID:-Zmx5d2F0Y2hsb2NhbDAwMQ}" -c "$config"
# shellcheck disable=SC2086 # several options in one variable
exec java ${KAFKA_HEAP_OPTS:--Xms256m -Xmx768m} $logging -cp '/opt/kafka/libs/*' kafka.Kafka "$config"
