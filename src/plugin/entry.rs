//! The symbols that hosts look for.
#![allow(unsafe_code)] // The export macros define `extern` functions and unmangled symbols.
#![allow(missing_docs)] // They document none of them.

use super::Anacrusis;
use super::vst3::Vst3;

nih_plug::nice_export_clap!(Anacrusis);
nih_plug::nice_export_vst3!(Vst3);
