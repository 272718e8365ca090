//! The core needs no allocator: a program without one uses its whole public API, links, and runs.
//!
//! `no_alloc/` is that program. Rustc refuses to finish a program in which any crate asks for `alloc` and none
//! defines a global allocator, so the build is the proof; the control shows that it can fail. What the program leaves
//! out proves nothing, so its text is compared with rustdoc's list of the public items.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

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
    assert_eq!(run(&program), Some(0), "the number of the part in no_alloc/src/main.rs that failed");
    let wanted = imports(&program);
    assert!(ALLOCATORS.iter().all(|name| !wanted.contains(&name.to_string())), "{wanted:?}");

    let control = cargo(&["rustc", "--release", "--features", "allocate"], &["-C", "link-arg=-lc"]);
    let said = text(&control.stderr);
    assert!(!control.status.success() && said.contains("no global memory allocator found"), "{said}");
    let this = imports(&std::env::current_exe().unwrap());
    assert!(this.contains(&"malloc".to_string()), "a program with an allocator shows it: {this:?}");

    let items = public_items();
    let source = source();
    assert_eq!(missing(&items, &source), Vec::<String>::new(), "public items that tests/no_alloc/ leaves out");
    for item in ["Cursor", "Cursor::finish", "Scopes::as_str", "BufferTooSmall.needed", "digest_hex!"] {
        assert!(items.contains(&item.to_string()), "{item} is public");
        let without = source.replace(item.rsplit([':', '.']).next().unwrap(), "gone");
        assert!(missing(&items, &without).contains(&item.to_string()), "leaving out {item} is seen");
    }
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

/// Every public item by its name, every public member as `Type::member`, every public field as `Type.field`.
fn public_items() -> Vec<String> {
    // Rustdoc's JSON is still unstable; the variable opens it on the stable toolchain.
    let documented = Command::new(env!("CARGO"))
        .current_dir(PROGRAM)
        .args(["rustdoc", "-p", "sallet-core", "--lib", "--offline", "--target-dir", TARGET, "--"])
        .args(["-Z", "unstable-options", "--output-format", "json"])
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("CARGO_BUILD_TARGET")
        .env_remove("RUSTDOCFLAGS")
        .output()
        .unwrap();
    assert!(documented.status.success(), "{}", text(&documented.stderr));
    let json = std::fs::read(Path::new(TARGET).join("doc/sallet_core.json")).unwrap();
    let api: Value = serde_json::from_slice(&json).unwrap();

    let mut items = Vec::new();
    collect(&api, &api["root"], "", &mut items);
    items.sort();
    items.dedup();
    assert!(items.len() > 5, "{items:?}");
    items
}

/// Adds the item `id`, seen as a member of `owner`, and all that is public in it.
fn collect(api: &Value, id: &Value, owner: &str, items: &mut Vec<String>) {
    // Items of other crates have no entry.
    let Some(item) = api["index"].get(id.to_string()) else { return };
    let (kind, inner) = item["inner"].as_object().unwrap().iter().next().unwrap();
    let name = item["name"].as_str().unwrap_or_default();
    let is_public = item["visibility"] == "public";
    // Variants, and the items of a trait, are as public as what they stand in.
    let is_open = is_public || item["visibility"] == "default";
    let member = if owner.is_empty() { name.to_string() } else { format!("{owner}::{name}") };
    let each = |list: &Value, owner: &str, items: &mut Vec<String>| {
        list.as_array().into_iter().flatten().for_each(|id| collect(api, id, owner, items));
    };
    match kind.as_str() {
        "module" if is_public => each(&inner["items"], "", items),
        "use" if is_public => match inner["is_glob"].as_bool() {
            Some(true) => each(&api["index"][inner["id"].to_string()]["inner"]["module"]["items"], "", items),
            _ => collect(api, &inner["id"], "", items),
        },
        "struct" | "enum" | "union" | "trait" if is_public => {
            items.push(name.to_string());
            each(&inner["kind"]["plain"]["fields"], name, items);
            each(&inner["variants"], name, items);
            each(&inner["items"], name, items);
            each(&inner["impls"], name, items);
        }
        // A trait's impl is the trait's promise; an inherent one is the type's own.
        "impl" if inner["trait"].is_null() => each(&inner["items"], owner, items),
        "struct_field" if is_public => items.push(format!("{owner}.{name}")),
        "function" | "constant" | "static" | "type_alias" if is_public => items.push(member),
        "variant" | "assoc_const" | "assoc_type" if is_open => items.push(member),
        "macro" => items.push(format!("{name}!")),
        _ => {}
    }
}

/// The program's text without comments, white space and turbofish, so that `Keyring::<&[Key]>::new` is `Keyring::new`.
fn source() -> String {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(Path::new(PROGRAM).join("src")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let mut source = String::new();
    for file in files {
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let code = line.trim();
            if !code.starts_with("//") {
                source.push_str(code);
                source.push('\n');
            }
        }
    }
    while let Some(start) = source.find("::<") {
        let mut depth = 0;
        let length = source[start + 2..].find(|c| {
            depth += i32::from(c == '<') - i32::from(c == '>');
            depth == 0
        });
        source.replace_range(start..start + 2 + length.expect("a turbofish is closed") + 1, "");
    }
    source
}

/// The items that `source` never names. `.method(` will do for a method whose name no other type has.
fn missing(items: &[String], source: &str) -> Vec<String> {
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, member) in items.iter().filter_map(|item| item.split_once("::")) {
        *owners.entry(member).or_default() += 1;
    }
    let is_named = |item: &str| match (item.split_once("::"), item.split_once('.')) {
        (Some((_, member)), _) => {
            has_word(source, item) || (owners[member] == 1 && source.contains(&format!(".{member}(")))
        }
        (_, Some((_, field))) => has_word(source, &format!(".{field}")),
        _ => has_word(source, item),
    };
    items.iter().filter(|item| !is_named(item)).cloned().collect()
}

/// Whether `word` stands in `source` whole. A field is not called.
fn has_word(source: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    source.match_indices(word).any(|(at, _)| {
        let after = &source[at + word.len()..];
        let starts = word.starts_with('.') || !source[..at].ends_with(is_name);
        starts && !after.starts_with(is_name) && !(word.starts_with('.') && after.starts_with('('))
    })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
