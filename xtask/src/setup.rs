//! What the build needs from the system, and how to get it.
//!
//! It is little: the plugin opens X11, OpenGL and xkbcommon at run time (`dlopen`), so
//! nothing of them is needed to build, demo or test it, only to see its window. What rustc
//! cannot do without is a C compiler, as linker, with the C library's development files.

use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A thing to look for, and its name in each distribution.
struct Need {
    what: &'static str,
    present: fn() -> bool,
    debian: &'static [&'static str],
    fedora: &'static [&'static str],
    arch: &'static [&'static str],
}

const BUILD: &[Need] = &[Need {
    what: "a C compiler that can link (cc) with the C library's headers",
    present: can_link,
    debian: &["build-essential"],
    fedora: &["gcc", "glibc-devel"],
    arch: &["base-devel"],
}];

/// What the standalone's build needs besides: it calls the system's sound.
const SOUND: &[Need] = &[
    Need {
        what: "pkg-config, by which the next two are found",
        present: || runs("pkg-config", &["--version"]),
        debian: &["pkg-config"],
        fedora: &["pkgconf-pkg-config"],
        arch: &["pkgconf"],
    },
    Need {
        what: "ALSA's headers",
        present: || runs("pkg-config", &["--exists", "alsa"]),
        debian: &["libasound2-dev"],
        fedora: &["alsa-lib-devel"],
        arch: &["alsa-lib"],
    },
    Need {
        what: "JACK's headers (JACK itself is opened at run time)",
        present: || runs("pkg-config", &["--exists", "jack"]),
        debian: &["libjack-jackd2-dev"],
        fedora: &["pipewire-jack-audio-connection-kit-devel"],
        arch: &["pipewire-jack"],
    },
];

/// What training by several processes needs besides.
const MPI: &[Need] = &[
    Need {
        what: "an MPI library with its compiler wrapper (mpicc) and launcher (mpirun)",
        present: || runs("mpicc", &["-show"]) && runs("mpirun", &["--version"]),
        debian: &["libopenmpi-dev", "openmpi-bin"],
        fedora: &["openmpi-devel"],
        arch: &["openmpi"],
    },
    Need {
        what: "libclang, by which Rust reads MPI's headers",
        present: has_libclang,
        debian: &["libclang-dev"],
        fedora: &["clang-devel"],
        arch: &["clang"],
    },
];

/// What its test between two machines needs, which are network namespaces.
const NAMESPACES: &[Need] = &[Need {
    what: "ip, which makes network namespaces",
    present: || runs("ip", &["-V"]),
    debian: &["iproute2"],
    fedora: &["iproute"],
    arch: &["iproute2"],
}];

/// What shows the plugin's window where there is no screen.
const SCREEN: Need = Need {
    what: "Xvfb, a screen that nobody sees",
    present: || in_path("Xvfb"),
    debian: &["xvfb"],
    fedora: &["xorg-x11-server-Xvfb"],
    arch: &["xorg-server-xvfb"],
};

/// What draws it there.
const DRAWING: &[Need] = &[
    Need {
        what: "the libraries that the plugin's window opens",
        present: || WINDOW.iter().chain(KEYBOARD).all(|name| has_library(name)),
        debian: &[
            "libx11-6",
            "libx11-xcb1",
            "libxcb1",
            "libgl1",
            "libxkbcommon-x11-0",
            "libxcursor1",
        ],
        fedora: &[
            "libX11",
            "libX11-xcb",
            "libxcb",
            "libglvnd-glx",
            "libxkbcommon-x11",
            "libXcursor",
        ],
        arch: &["libx11", "libxcb", "libglvnd", "libxkbcommon-x11", "libxcursor"],
    },
    Need {
        what: "Mesa's OpenGL, which draws without a graphics card",
        present: has_mesa,
        debian: &["libgl1-mesa-dri"],
        fedora: &["mesa-dri-drivers"],
        arch: &["mesa"],
    },
];

/// Libraries by which the plugin's window reads keys.
const KEYBOARD: &[&str] = &["libxkbcommon.so.0", "libxkbcommon-x11.so.0"];

/// Libraries that the plugin's window opens. A machine without a screen need not have them.
const WINDOW: &[&str] = &["libX11.so.6", "libX11-xcb.so.1", "libxcb.so.1", "libGL.so.1"];

const WINDOW_PACKAGES: Packages = Packages {
    debian: "libx11-6 libx11-xcb1 libxcb1 libgl1 libxkbcommon0 libxcursor1",
    fedora: "libX11 libX11-xcb libxcb libglvnd-glx libxkbcommon libXcursor",
    arch: "libx11 libxcb libglvnd libxkbcommon libxcursor",
};

struct Packages {
    debian: &'static str,
    fedora: &'static str,
    arch: &'static str,
}

/// Finds what is missing and installs it where it can: on Debian and its relatives, as root
/// or through sudo, said beforehand. Says so if all is there.
///
/// # Errors
/// If something is missing and stays so; names the command for Debian, Fedora and Arch.
pub fn ensure() -> Result<()> {
    ensure_all(BUILD)
}

/// The same for what only the standalone needs.
///
/// # Errors
/// As [`ensure`].
pub fn ensure_sound() -> Result<()> {
    ensure_all(SOUND)
}

/// What only the standalone needs and is not there, with its packages; installs nothing.
pub fn missing_sound() -> Option<String> {
    let missing: Vec<&Need> = SOUND.iter().filter(|need| !(need.present)()).collect();
    let what: Vec<&str> = missing.iter().map(|need| need.what).collect();
    let debian = packages(&missing, |need| need.debian).join(" ");
    (!missing.is_empty()).then(|| format!("{} (Debian, Ubuntu: {debian})", what.join(", ")))
}

/// The same for what training by several processes needs.
///
/// # Errors
/// As [`ensure`].
pub fn ensure_mpi() -> Result<()> {
    ensure_all(MPI)
}

/// The same for what makes network namespaces.
///
/// # Errors
/// As [`ensure`].
pub fn ensure_namespaces() -> Result<()> {
    ensure_all(NAMESPACES)
}

/// The same for a screen that nobody sees and what draws the plugin's window on it; the screen
/// itself is not looked for if there is one of the caller's `own`.
///
/// # Errors
/// As [`ensure`].
pub fn ensure_screen(own: bool) -> Result<()> {
    ensure_all(DRAWING)?;
    if own { Ok(()) } else { ensure_all(&[SCREEN]) }
}

/// Looks for what training by several processes needs; installs nothing, since each of them
/// asks.
///
/// # Errors
/// If something is missing; names the commands that install it.
pub fn need_mpi() -> Result<()> {
    let missing: Vec<&Need> = MPI.iter().filter(|need| !(need.present)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let what: Vec<&str> = missing.iter().map(|need| need.what).collect();
    bail!(
        "{}",
        to_install(&format!("training by several processes needs {}", what.join(", ")), &missing)
    )
}

fn ensure_all(needs: &[Need]) -> Result<()> {
    if !cfg!(target_os = "linux") {
        // Xcode's tools and Visual Studio's come with Rust's own installer.
        return Ok(());
    }
    let missing: Vec<&Need> = needs.iter().filter(|need| !(need.present)()).collect();
    if missing.is_empty() {
        eprintln!("set-up: everything that the build needs is there");
        return Ok(());
    }
    for need in &missing {
        eprintln!("set-up: missing: {}", need.what);
    }
    let debian = packages(&missing, |need| need.debian);
    if let Some(prefix) = apt_prefix() {
        install_with_apt(&prefix, &debian)?;
        if missing.iter().all(|need| (need.present)()) {
            return Ok(());
        }
        eprintln!("set-up: installed, but still not found");
    }
    bail!("{}", to_install("the build needs system packages", &missing))
}

/// What is wrong, and the commands that install what is missing.
fn to_install(wrong: &str, missing: &[&Need]) -> String {
    format!(
        "{wrong}; install them and run this again\n  \
         Debian, Ubuntu: sudo apt-get update && sudo apt-get install -y {}\n  \
         Fedora:         sudo dnf install -y {}\n  \
         Arch:           sudo pacman -S --needed {}",
        packages(missing, |need| need.debian).join(" "),
        packages(missing, |need| need.fedora).join(" "),
        packages(missing, |need| need.arch).join(" "),
    )
}

/// Says what a desktop would still need to show the plugin's window; nothing if all is there.
pub fn window_hint() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let missing: Vec<&str> = WINDOW.iter().copied().filter(|name| !has_library(name)).collect();
    let Packages { debian, fedora, arch } = WINDOW_PACKAGES;
    (!missing.is_empty()).then(|| {
        format!(
            "to open the plugin's window this machine lacks {}\n  \
             Debian, Ubuntu: sudo apt-get install -y {debian}\n  \
             Fedora:         sudo dnf install -y {fedora}\n  \
             Arch:           sudo pacman -S --needed {arch}",
            missing.join(", ")
        )
    })
}

fn packages(needs: &[&Need], of: fn(&Need) -> &'static [&'static str]) -> Vec<&'static str> {
    needs.iter().flat_map(|need| of(need)).copied().collect()
}

/// Whether libclang lies where the crate that looks for it does.
fn has_libclang() -> bool {
    let architecture = std::env::consts::ARCH;
    let mut folders: Vec<PathBuf> =
        std::env::var_os("LIBCLANG_PATH").into_iter().map(PathBuf::from).collect();
    folders.extend(["/usr/lib64", "/usr/lib", "/usr/local/lib"].map(PathBuf::from));
    folders.push(format!("/usr/lib/{architecture}-linux-gnu").into());
    let versions =
        ["/usr/lib", "/usr/lib64"].into_iter().flat_map(std::fs::read_dir).flatten().flatten();
    let is_llvm =
        |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with("llvm");
    folders.extend(versions.filter(is_llvm).map(|entry| entry.path().join("lib")));
    // The name that comes with the headers, not the library alone.
    let is_libclang = |entry: std::fs::DirEntry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let versioned = name.starts_with("libclang-") && !name.starts_with("libclang-cpp");
        name == "libclang.so" || (versioned && name.ends_with(".so"))
    };
    folders.iter().flat_map(std::fs::read_dir).flatten().flatten().any(is_libclang)
}

/// Whether a program that uses the C library compiles and links: what rustc asks of `cc`.
fn can_link() -> bool {
    let Ok(folder) = tempfile::tempdir() else { return false };
    let source = folder.path().join("probe.c");
    let program = "#include <stdlib.h>\nint main(void) { return EXIT_SUCCESS; }\n";
    if std::fs::write(&source, program).is_err() {
        return false;
    }
    let compiler = std::env::var_os("CC").unwrap_or_else(|| OsString::from("cc"));
    let status = Command::new(compiler)
        .arg(&source)
        .arg("-o")
        .arg(folder.path().join("probe"))
        .args(["-ldl", "-lm", "-lpthread"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

fn has_library(name: &str) -> bool {
    // The loader's own list, where there is one; else the usual folders.
    let known = Command::new("ldconfig").arg("-p").stderr(Stdio::null()).output();
    let known = match known {
        Ok(output) => Ok(output),
        Err(_) => Command::new("/sbin/ldconfig").arg("-p").stderr(Stdio::null()).output(),
    };
    if let Ok(output) = known {
        return String::from_utf8_lossy(&output.stdout).contains(name);
    }
    let arch = std::env::consts::ARCH;
    [format!("/usr/lib/{arch}-linux-gnu"), "/usr/lib64".into(), "/usr/lib".into()]
        .iter()
        .any(|folder| Path::new(folder).join(name).exists())
}

/// Whether Mesa has a driver that needs no graphics card: a file of its own, or one with all.
fn has_mesa() -> bool {
    let arch = std::env::consts::ARCH;
    let folders = [format!("/usr/lib/{arch}-linux-gnu"), "/usr/lib64".into(), "/usr/lib".into()];
    let has = |folder: &Path, wanted: fn(&str) -> bool| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| wanted(&entry.file_name().to_string_lossy()))
    };
    folders.iter().map(Path::new).any(|folder| {
        has(folder, |name| name.starts_with("libgallium"))
            || has(&folder.join("dri"), |name| name == "swrast_dri.so")
    })
}

/// Whether a program of that name is on the path.
fn in_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// Whether a program is there and succeeds.
fn runs(program: &str, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// What apt-get must be called with: nothing as root, else sudo; `None` without apt-get or
/// the right to use it.
fn apt_prefix() -> Option<Vec<&'static str>> {
    if !runs("apt-get", &["--version"]) {
        return None;
    }
    let root = Command::new("id").arg("-u").output();
    if root.is_ok_and(|output| output.stdout.trim_ascii() == b"0") {
        return Some(Vec::new());
    }
    // On a terminal sudo may ask for the password; elsewhere it must not need one.
    if std::io::IsTerminal::is_terminal(&std::io::stdin()) && runs("sudo", &["--version"]) {
        return Some(vec!["sudo"]);
    }
    runs("sudo", &["-n", "true"]).then(|| vec!["sudo", "-n"])
}

fn install_with_apt(prefix: &[&str], packages: &[&str]) -> Result<()> {
    let update: Vec<&str> = prefix.iter().copied().chain(["apt-get", "update"]).collect();
    let install: Vec<&str> = prefix
        .iter()
        .copied()
        .chain(["apt-get", "install", "-y", "--no-install-recommends"])
        .chain(packages.iter().copied())
        .collect();
    for command in [update, install] {
        eprintln!("set-up: running: {}", command.join(" "));
        let status = Command::new(command[0])
            .args(&command[1..])
            .env("DEBIAN_FRONTEND", "noninteractive")
            .status()
            .with_context(|| format!("cannot start {}", command[0]))?;
        if !status.success() {
            eprintln!("set-up: {} failed ({status})", command.join(" "));
        }
    }
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// These tests were linked on this machine, so the probe must see that it can.
    #[test]
    fn the_probe_finds_the_compiler_that_built_it() {
        assert!(can_link());
        assert!(ensure().is_ok());
    }

    #[test]
    fn libraries_are_found_by_name() {
        assert!(has_library("libc.so.6"));
        assert!(!has_library("libnothing-of-the-kind.so.99"));
    }

    #[test]
    fn every_need_has_a_package_in_every_distribution() {
        let screen = DRAWING.iter().chain([&SCREEN]);
        for need in BUILD.iter().chain(SOUND).chain(MPI).chain(NAMESPACES).chain(screen) {
            for packages in [need.debian, need.fedora, need.arch] {
                assert!(!packages.is_empty(), "{}", need.what);
            }
        }
    }
}
