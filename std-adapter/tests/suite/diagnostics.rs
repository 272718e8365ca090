//! What the compiler says where a bound of ours is what users meet: the mistake, and what to write instead.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

/// This crate as it was built last, and where what it needs was.
fn built() -> (PathBuf, PathBuf) {
    let deps = std::env::current_exe().expect("a path").parent().expect("a folder").to_owned();
    let ours = std::fs::read_dir(&deps).expect("a folder").map(|entry| entry.expect("an entry").path());
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("libsallet_hyper-") && name.ends_with(".rlib")
    };
    let written = |path: &PathBuf| path.metadata().and_then(|known| known.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    (ours.filter(is_ours).max_by_key(written).expect("cargo test has built it"), deps)
}

fn compiler_says(body: &str) -> String {
    let (crate_, deps) = built();
    let source = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("diagnostics-{}.rs", std::process::id()));
    let text = format!(
        "use sallet_hyper::sallet_core::auth::{{Key, Keyring, Refusal}};\n\
         use sallet_hyper::{{ApiKey, Basic, Bearer, OwnedKeyring, Passwords, PresentedToken, Principal, RequireAuthLayer}};\n\
         #[derive(Clone)] pub struct Account;\n\
         pub fn user(ring: OwnedKeyring, key: Key) {{ {body} }}\n"
    );
    std::fs::write(&source, text).expect("a file");
    let output = Command::new("rustc")
        .args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--error-format=human", "-A", "unused"])
        .arg("-L")
        .arg(format!("dependency={}", deps.display()))
        .arg("--extern")
        .arg(format!("sallet_hyper={}", crate_.display()))
        .arg("--out-dir")
        .arg(env!("CARGO_TARGET_TMPDIR"))
        .arg(&source)
        .stdin(Stdio::null())
        .output()
        .expect("the compiler that has built this test");
    std::fs::remove_file(&source).expect("a file");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.success(), said.is_empty(), "{said}");
    // Lines are broken by the width that the compiler takes a terminal to have.
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn mistakes_are_named_with_what_to_write_instead() {
    for (body, told) in [
        ("Bearer::new(std::sync::Arc::new(ring));", &[][..]),
        ("Bearer::new(ring);", &["is not a set of keys", "Bearer::new(Arc::new(keys))", "feature `arc-swap`"]),
        (
            "Bearer::new(async |_: PresentedToken| Ok::<Account, Refusal>(Account));",
            &["a function goes to `Bearer::from_fn`"],
        ),
        (
            "Bearer::new(std::sync::Arc::new(ring)).scopes([\"a\", \"b\"]);",
            &["and not a text of one", "`.scopes(\"items:read items:write\")`"],
        ),
        ("Bearer::verify_by(Account);", &["`Account` verifies no credentials", "a function goes to `from_fn`"]),
        (
            "Bearer::from_fn(async |_: PresentedToken| Ok::<Option<Account>, Refusal>(None));",
            &["`Option<Account>` does not say who sent the request", "`Option::ok_or` makes one of the other"],
        ),
        (
            "Bearer::from_fn(async |_: PresentedToken| Ok::<Account, Refusal>(Account));",
            &["`Account` does not say who sent the request", "impl sallet_hyper::User for Account {}"],
        ),
        (
            "Bearer::from_fn(async |_: PresentedToken| Ok::<String, Refusal>(String::new()));",
            &["`String` does not say who sent the request", "struct Name(String)"],
        ),
        // Answers that are none, and one that is.
        (
            "Bearer::from_fn(async |_: PresentedToken| Err::<Principal, std::io::Error>(std::io::Error::other(\"away\")));",
            &["`std::io::Error` does not say what a client is answered", "`.map_err(|_| Refusal::Unavailable)?`"],
        ),
        (
            "Bearer::from_fn(async |_: PresentedToken| Err::<Principal, String>(String::new()));",
            &["`String` does not say what a client is answered", "not a `Refusal`, a `Denied` or a `StatusCode`"],
        ),
        // Rules without their brackets, and of something else.
        (
            "RequireAuthLayer::new(Bearer::new(std::sync::Arc::new(ring))).public(\"/health\");",
            &["`&str` is not a list of path rules", "write brackets around one rule: `.public([\"/health\"])`"],
        ),
        (
            "RequireAuthLayer::new(Bearer::new(std::sync::Arc::new(ring))).protected(String::from(\"/api/*\"));",
            &["`String` is not a list of path rules"],
        ),
        (
            "RequireAuthLayer::new(Bearer::new(std::sync::Arc::new(ring))).public([7]);",
            &["is not a list of path rules"],
        ),
        (
            "RequireAuthLayer::new(Bearer::new(std::sync::Arc::new(ring))).public([\"/a\"]).protected(vec![String::from(\"/b\")]);",
            &[],
        ),
        // Another scheme.
        (
            "RequireAuthLayer::new(Bearer::new(std::sync::Arc::new(ring.clone()))).or(ApiKey::new(ring));",
            &["is not a set of keys", "Bearer::new(Arc::new(keys))"],
        ),
        (
            "let keys = std::sync::Arc::new(ring); RequireAuthLayer::new(Bearer::new(keys.clone())).or(keys);",
            &["expected `Auth<_>`"],
        ),
        (
            "fn basic(users: Passwords) { Basic::new(users); }",
            &["`Passwords` is not a set of keys", "`Passwords` to `Basic::verify_by`"],
        ),
        ("fn basic(users: Passwords) { Basic::verify_by(users); }", &[]),
    ] {
        let said = compiler_says(body);
        assert_eq!(said.is_empty(), told.is_empty(), "{body}: {said}");
        for words in told {
            assert!(said.contains(words), "{words:?} is not in: {said}");
        }
    }
}
