"""The parts of the source ``receive``: what HTTP senders' bodies hold, who may send, how much is taken. Knows no Kafka."""
