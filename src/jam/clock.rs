//! Where in a block something is due.
