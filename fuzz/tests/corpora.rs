//! Replays every stored input on stable Rust, through the functions that libFuzzer runs: a test for each target.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

macro_rules! targets {
    ($($name:ident),+ $(,)?) => {
        $(
            #[test]
            fn $name() {
                replay(stringify!($name), sallet_fuzz::$name);
            }
        )+

        const TARGETS: &[&str] = &[$(stringify!($name)),+];
    };
}

targets! {
    alternatives,
    basic,
    challenge,
    challenge_against_http_auth,
    content_security_policy,
    credentials,
    credentials_against_abnf,
    headers,
    path_rules,
    render,
    request_head,
    secrets,
}

fn replay(target: &str, run: fn(&[u8])) {
    let corpus = files(&folder("corpus").join(target));
    assert!(!corpus.is_empty(), "fuzz/corpus/{target} is missing or empty: fill it with `make fuzz-minimise`");
    let regressions = files(&folder("regressions").join(target));
    for file in corpus.iter().chain(&regressions) {
        let data = std::fs::read(file).expect("the file was listed");
        let Err(cause) = catch_unwind(AssertUnwindSafe(|| run(&data))) else { continue };
        let cause = cause.downcast_ref::<String>().map(String::as_str).or(cause.downcast_ref::<&str>().copied());
        let name = file.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(file).display();
        panic!("{target} fails on fuzz/{name}: {}", cause.unwrap_or("a panic without words"));
    }
    println!("{target}: {} corpus files and {} regressions replayed", corpus.len(), regressions.len());
}

/// The keyring file is read in Python, and its corpus replayed by pytest.
#[test]
fn every_target_is_here_and_has_a_program() {
    for name in ["corpus", "regressions"].into_iter().flat_map(|name| folders(&folder(name))) {
        assert!(TARGETS.contains(&&*name) || name == "keyring_file", "{name} is no target: nothing replays it");
    }
    let mut programs: Vec<_> = files(&folder("fuzz_targets"))
        .iter()
        .map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    programs.sort_unstable();
    assert_eq!(programs, TARGETS);
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .map(|entries| entries.map(|entry| entry.expect("a readable folder").path()).collect())
        .unwrap_or_default();
    all.sort_unstable();
    all
}

fn files(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().filter(|path| path.is_file()).collect()
}

fn folders(folder: &Path) -> Vec<String> {
    let all = entries(folder).into_iter().filter(|path| path.is_dir());
    all.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}
