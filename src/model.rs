//! The biaxial LSTM.
pub mod config;
