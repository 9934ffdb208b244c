//! The companion's commands, from this checkout: called here where they need no machine-learning
//! framework, else in the program `anacrusis`, built first.
//!
//! Cargo is called again for that program, because xtask itself must not contain candle.

use std::path::Path;

use anacrusis_companion::arguments::{self, launcher};
use anacrusis_companion::settings::DeviceKind;
use anacrusis_companion::vectors::With;
use anacrusis_companion::{evaluate, program, vectors};
use anyhow::{Result, ensure};

use crate::{setup, workspace};

/// The name of these commands as it is typed.
pub const CALLED_AS: &str = "cargo xtask";

/// The cargo features of a trainer for the processor, which every command but training uses.
const FEATURES: &str = "train";

/// `cargo xtask train`: checks the command line and hands it to the program.
///
/// # Errors
/// If a setting is out of range, a path cannot be used, or cargo cannot be started. If the
/// trainer fails, this process ends with its exit code.
pub fn train(args: &arguments::Args) -> Result<()> {
    if args.print_config {
        return args.print_config();
    }
    let settings = args.check()?;
    let mut features = features(settings.device)?.to_owned();
    if launcher::place().processes > 1 {
        setup::need_mpi()?;
        features += ",mpi";
    }
    become_program(&features)
}

/// `cargo xtask evaluate`.
///
/// # Errors
/// As the companion's, and if cargo cannot be started.
pub fn evaluate(args: &evaluate::Args) -> Result<()> {
    match args.dynamic {
        None => evaluate::run(args),
        Some(_) => become_program(FEATURES),
    }
}

/// `cargo xtask vectors`.
///
/// # Errors
/// As the companion's, and if cargo cannot be started.
pub fn vectors(args: &vectors::Args) -> Result<()> {
    match args.with {
        With::Engine => vectors::run(args),
        With::Candle => become_program(FEATURES),
    }
}

/// The cargo features of a trainer for `device`.
///
/// # Errors
/// If it cannot be built here.
fn features(device: DeviceKind) -> Result<&'static str> {
    match device {
        DeviceKind::Cpu => Ok(FEATURES),
        DeviceKind::Cuda => {
            ensure!(
                has_cuda_compiler(),
                "--device cuda needs NVIDIA's CUDA toolkit to be built, and there is no nvcc in \
                 $CUDA_PATH/bin or on the PATH: install it (Debian, Ubuntu: sudo apt install \
                 nvidia-cuda-toolkit; others: developer.nvidia.com/cuda-downloads), or set \
                 CUDA_PATH to where it is, or leave --device out"
            );
            Ok("cuda")
        }
        DeviceKind::Metal => {
            ensure!(cfg!(target_os = "macos"), "--device metal is for Macs; leave it out");
            Ok("metal")
        }
    }
}

fn has_cuda_compiler() -> bool {
    let toolkit = std::env::var_os("CUDA_PATH").map(|root| Path::new(&root).join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let name = format!("nvcc{}", std::env::consts::EXE_SUFFIX);
    toolkit
        .into_iter()
        .chain(std::env::split_paths(&path))
        .any(|folder| folder.join(&name).exists())
}

/// Runs this process's own command line in the program, built with `features`, in place of this
/// process where the system can do that, so that signals reach the trainer.
///
/// # Errors
/// If cargo cannot be started or the program cannot be built; cargo says why on standard error.
fn become_program(features: &str) -> Result<()> {
    let features = ["--features", features];
    let mut command = workspace::program("xtask", "anacrusis-companion", program::NAME, &features)?;
    command.args(std::env::args_os().skip(1)).env(program::CALLED_AS, CALLED_AS);
    // The trainer has threads of its own; candle's pools would only get in the way.
    for pool in ["RAYON_NUM_THREADS", "CANDLE_NUM_THREADS"] {
        if std::env::var_os(pool).is_none() {
            command.env(pool, "1");
        }
    }
    workspace::become_process(command)
}
