//! Python peers, each with an environment of its own below cargo's target folder, made when
//! it is first needed: fixed versions, nothing of the system touched.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use xtask::workspace;

/// A package from PyPI and how to get it.
pub struct Environment {
    /// Name of its folder, to be changed with its contents.
    pub name: &'static str,
    /// Ways to install it, the first one that works counts: what is told beforehand, free
    /// space needed in bytes, arguments of `pip install`.
    pub ways: &'static [Way],
}

/// A way to install.
pub struct Way {
    /// For people.
    pub what: &'static str,
    /// Free space that it needs, in bytes.
    pub space: u64,
    /// Calls of `pip install`, in order.
    pub calls: &'static [&'static [&'static str]],
}

/// ONNX Runtime, and the package that writes its graphs.
pub const ONNX_RUNTIME: Environment = Environment {
    name: "onnxruntime-1.32.0",
    ways: &[Way {
        what: "onnxruntime 1.32.0 from PyPI, 50 MB",
        space: 1 << 30,
        calls: &[&["onnxruntime==1.32.0", "onnx==1.23.2", "numpy"]],
    }],
};

/// PyTorch. On Linux, PyPI's build wants CUDA's libraries to be there even if it never calls
/// them: the smaller one for the CPU alone, from the makers' own index, is tried first, and
/// then only those libraries are fetched without which PyPI's does not load. Its optimisers
/// import sympy.
pub const TORCH: Environment = Environment {
    name: "torch-2.15.0-sympy",
    ways: &[
        Way {
            what: "torch 2.15.0 for the CPU from download.pytorch.org, 200 MB",
            space: 2 << 30,
            calls: &[
                &["numpy", "typing_extensions", "sympy==1.14.0"],
                &[
                    "--index-url=https://download.pytorch.org/whl/cpu",
                    "--retries=0",
                    "--timeout=20",
                    "--no-deps",
                    "torch==2.15.0",
                ],
            ],
        },
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        Way {
            what: "torch 2.15.0 from PyPI with the libraries that it wants, 2.6 GB",
            space: 8 << 30,
            calls: &[
                &["numpy", "typing_extensions", "sympy==1.14.0"],
                &[
                    "--no-deps",
                    "torch==2.15.0",
                    "nvidia-cublas==13.4.1.3",
                    "nvidia-cuda-cupti==13.2.86",
                    "nvidia-cuda-nvrtc==13.2.86",
                    "nvidia-cuda-runtime==13.2.86",
                    "nvidia-cudnn-cu13==9.26.0.51",
                    "nvidia-cufft==12.2.0.57",
                    "nvidia-cufile==1.17.1.22",
                    "nvidia-cusparse==12.7.10.12",
                    "nvidia-cusparselt-cu13==0.8.1",
                    "nvidia-nccl-cu13==2.30.7",
                    "nvidia-nvjitlink==13.5.37",
                    "nvidia-nvshmem-cu13==3.7.2",
                ],
            ],
        },
        #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
        Way {
            what: "torch 2.15.0 from PyPI",
            space: 8 << 30,
            calls: &[&["torch==2.15.0", "numpy"]],
        },
    ],
};

impl Environment {
    /// The environment's Python, after making it if it is not there yet; tells on standard
    /// error what it does.
    ///
    /// # Errors
    /// If there is no Python, no network, no space or no such package; says what failed.
    pub fn ready(&self) -> Result<PathBuf> {
        let folder = workspace::target_dir()?.join("bench-python").join(self.name);
        let python = match cfg!(windows) {
            true => folder.join("Scripts/python.exe"),
            false => folder.join("bin/python"),
        };
        let stamp = folder.join("complete");
        if stamp.exists() && python.exists() {
            return Ok(python);
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        make(&folder).context("cannot make a Python environment")?;
        let log = folder.join("pip.log");
        let mut refused = Vec::new();
        for way in self.ways {
            eprintln!("installing {} ...", way.what);
            match way.follow(&python, &folder, &log) {
                Ok(()) => {
                    fs::write(&stamp, way.what).context("cannot mark the environment complete")?;
                    return Ok(python);
                }
                Err(error) => {
                    eprintln!("... no: {error:#}");
                    refused.push(format!("{error:#}"));
                }
            }
        }
        bail!("pip: {} (see {})", refused.join("; "), log.display())
    }
}

impl Way {
    fn follow(&self, python: &Path, folder: &Path, log: &Path) -> Result<()> {
        let free = free_space(python, folder)?;
        ensure!(free >= self.space, "{} MB of disk are free, not {}", free >> 20, self.space >> 20);
        for call in self.calls {
            let mut command = Command::new(python);
            command
                .args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check"])
                .arg("--log")
                .arg(log)
                .args(*call);
            finish(command)?;
        }
        Ok(())
    }
}

/// Makes an empty environment with the system's Python.
fn make(folder: &Path) -> Result<()> {
    let mut refused = String::from("there is no python3; install Python 3.11 or newer");
    for program in ["python3", "python"] {
        let mut command = Command::new(program);
        command.args(["-m", "venv"]).arg(folder);
        match finish(command) {
            Ok(()) => return Ok(()),
            Err(error) if error.downcast_ref::<std::io::Error>().is_none() => {
                // Debian has the module in a package of its own, and says so.
                refused = format!("{program} -m venv: {error:#}");
                break;
            }
            Err(_) => {}
        }
    }
    bail!(refused)
}

fn free_space(python: &Path, folder: &Path) -> Result<u64> {
    let code = "import shutil, sys; print(shutil.disk_usage(sys.argv[1]).free)";
    let output = Command::new(python).args(["-c", code]).arg(folder).output()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().context("cannot learn the free space")
}

/// Runs a command to its end, its output kept back.
fn finish(mut command: Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stderr, output.stdout].concat();
    let text = String::from_utf8_lossy(&text);
    let telling = |line: &&str| line.to_lowercase().contains("error");
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let reason = lines().rfind(telling).or_else(|| lines().next_back());
    bail!("{}", reason.unwrap_or("it failed without a word"))
}

/// A script of `benches/src/peers`, to be run by the Python of an environment on one thread, unless
/// the caller says otherwise.
pub fn script(python: &Path, name: &str) -> Command {
    let mut command = Command::new(python);
    command.arg(workspace::root().join("benches/src/peers").join(name));
    for pool in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"] {
        command.env(pool, "1");
    }
    // No compiled files among the sources.
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}
