//! Certificate authorities made for one run.
