//! The two threads and the contract between them.
