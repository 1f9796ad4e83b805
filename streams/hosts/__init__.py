"""Where the core runs: on Kafka by Faust, over standard input, over files. Hosts decide nothing."""
