//! What hosts do, row by row, on the performer alone.

use anacrusis_test_host::performer::{Front, shipped};

anacrusis_test_host::host_rows!(|| Box::new(Front::with_model(shipped())));
