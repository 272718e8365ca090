//! The core needs no allocator: a program without one links, with every feature of the core but `alloc`, and runs.
//!
//! `no_alloc/` is that program. Rustc refuses to finish a program in which any crate asks for `alloc` and none
//! defines a global allocator, so the build is the proof, for what the program calls and for what it does not; the control shows
//! that it can fail.
#![cfg(unix)]

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/no_alloc");
const TARGET: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/no_alloc");

/// What a C library offers to get memory with.
const ALLOCATORS: [&str; 8] =
    ["malloc", "calloc", "realloc", "reallocarray", "aligned_alloc", "posix_memalign", "memalign", "sbrk"];

#[test]
fn the_core_links_and_runs_without_an_allocator() {
    lock_as_the_workspace();

    let built = cargo(&["rustc", "--release"], &["-C", "link-arg=-lc"]);
    assert!(built.status.success(), "the program must link:\n{}", text(&built.stderr));
    let program = Path::new(TARGET).join("release/no-alloc");
    assert_eq!(run(&program), Some(0), "what failed: see no_alloc/src/main.rs");
    let wanted = imports(&program);
    assert!(ALLOCATORS.iter().all(|name| !wanted.contains(&name.to_string())), "{wanted:?}");

    let control = cargo(&["rustc", "--release", "--features", "allocate"], &["-C", "link-arg=-lc"]);
    let said = text(&control.stderr);
    assert!(!control.status.success() && said.contains("no global memory allocator found"), "{said}");
    let this = imports(&std::env::current_exe().unwrap());
    assert!(this.contains(&"malloc".to_string()), "a program with an allocator shows it: {this:?}");
}

/// One set of versions: the program is its own workspace, so it is handed the main lock, which cargo then prunes.
fn lock_as_the_workspace() {
    let main = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    std::fs::copy(main, Path::new(PROGRAM).join("Cargo.lock")).unwrap();
}

fn cargo(arguments: &[&str], to_the_tool: &[&str]) -> Output {
    Command::new(env!("CARGO"))
        .current_dir(PROGRAM)
        .args(arguments)
        // Everything needed was fetched for the workspace.
        .args(["--offline", "--target-dir", TARGET, "--"])
        .args(to_the_tool)
        .env_remove("CARGO_BUILD_TARGET")
        .output()
        .unwrap()
}

/// The exit code, or `None` for a program that hangs, as one does that panics and has nowhere to go.
fn run(program: &Path) -> Option<i32> {
    let mut child = Command::new(program).spawn().unwrap();
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if start.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The names a program wants from the libraries it is linked with, without their version and underscores in front.
fn imports(program: &Path) -> Vec<String> {
    let nm = Command::new("nm").arg("-u").arg(program).output().expect("nm comes with the C compiler");
    assert!(nm.status.success(), "{}", text(&nm.stderr));
    let names = text(&nm.stdout);
    let names = names.lines().filter_map(|line| line.split_whitespace().last());
    names.map(|name| name.split('@').next().unwrap().trim_start_matches('_').to_string()).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
