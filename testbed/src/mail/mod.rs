//! Generated submissions: what applicants send, by whichever client.
