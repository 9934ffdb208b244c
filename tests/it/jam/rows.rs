//! What hosts do, row by row, on the performer alone.

use crate::support::networks;
use anacrusis_test_host::performer::Front;

anacrusis_test_host::host_rows!(|| Box::new(Front::with_model(networks::classical())));
