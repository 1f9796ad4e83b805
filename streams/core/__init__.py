"""The pure core: decides everything. Knows no Kafka, file, clock or log."""
