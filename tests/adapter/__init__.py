"""The adapter: byte-level traps, translation, link, and the daemon over real sockets."""
