//! What hosts do, row by row, in both formats.

mod clap {
    anacrusis_test_host::host_rows!(|| crate::support::load(anacrusis_test_host::Format::Clap));
}

mod vst3 {
    anacrusis_test_host::host_rows!(|| crate::support::load(anacrusis_test_host::Format::Vst3));
}
