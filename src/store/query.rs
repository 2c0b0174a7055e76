//! What `status`, `list`, `show` and `outbox` read.
