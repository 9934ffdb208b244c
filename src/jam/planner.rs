//! The plan: history, its states, and the chord that follows from them.
