#!/bin/sh
# Creates the three topics that the matcher needs, where they are not there yet.
# A dead letter or an alert carries its input record and more: their topics take larger records.
set -eu

create() {
    name=$1
    shift
    /opt/kafka/bin/kafka-topics.sh --bootstrap-server "$BOOTSTRAP_SERVERS" \
        --create --if-not-exists --topic "$name" --partitions 4 --replication-factor 1 "$@"
}

day=86400000
create cloud-audit \
    --config max.message.bytes=1048588 \
    --config retention.ms=$((3 * day)) \
    --config retention.bytes=268435456 \
    --config segment.bytes=67108864
create cloud-audit-alerts \
    --config max.message.bytes=2097164 \
    --config retention.ms=$((30 * day))
create cloud-audit-dead-letters \
    --config max.message.bytes=2097164 \
    --config retention.ms=$((30 * day))
