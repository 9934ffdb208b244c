//! Anacrusis without a host: see [`anacrusis::standalone`].

fn main() -> std::process::ExitCode {
    anacrusis::standalone::main()
}
