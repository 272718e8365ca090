//! Counting by valgrind's callgrind, and reading what it wrote.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

/// What one call took.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub instructions: u64,
    /// Of them, those in the function itself and not in what it calls.
    pub functions: BTreeMap<String, u64>,
    /// The same by source file, which sees through inlining.
    pub files: BTreeMap<String, u64>,
    /// By line. It moves with every edit, so a baseline does not keep it.
    #[serde(skip)]
    pub lines: BTreeMap<(String, u32), u64>,
}

impl Counts {
    /// Without what is too small to explain a rise.
    pub fn without_crumbs(mut self) -> Self {
        let least = self.instructions / 100;
        self.functions.retain(|_, own| *own >= least);
        self.files.retain(|_, own| *own >= least);
        self
    }
}

/// Which valgrind there is.
///
/// # Errors
/// A sentence that says where to get one.
pub fn version() -> Result<String, String> {
    let output = Command::new("valgrind").arg("--version").output();
    let output = output.map_err(|error| format!("valgrind: {error}. On Debian: apt-get install valgrind"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Counts one operation of this program.
///
/// # Errors
/// What went wrong, with what valgrind said.
pub fn count(operation: &str, scratch: &Path) -> Result<Counts, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let file = scratch.join("callgrind.out");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=*the_counted_call*", "--demangle=no"])
        .args(["--compress-strings=no", "--compress-pos=no"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(program)
        .args(["run", operation])
        // The environment lies on the stack: with another one, buffers would be aligned in another way.
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    if !output.status.success() {
        return Err(format!("valgrind failed on {operation}:\n{}", String::from_utf8_lossy(&output.stderr)));
    }
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let counts = read(&text)?;
    if counts.instructions == 0 || counts.functions.values().sum::<u64>() != counts.instructions {
        return Err(format!("the profile of {operation} does not add up: {}", file.display()));
    }
    Ok(counts)
}

/// Reads a profile (the format is described in valgrind's manual, "Callgrind Format Specification").
fn read(text: &str) -> Result<Counts, String> {
    let mut counts = Counts::default();
    let (mut object, mut file, mut function) = (None, String::new(), String::new());
    let mut of_a_call = false;
    for line in text.lines() {
        if let Some((key, value)) = line.split_once('=') {
            match key {
                "ob" => object = foreign(value),
                "fl" | "fi" | "fe" => file = object.clone().unwrap_or_else(|| short_path(value)),
                "fn" => function = object.clone().unwrap_or_else(|| short_function(value)),
                "calls" => of_a_call = true,
                _ => {}
            }
        } else if let Some(total) = line.strip_prefix("totals: ") {
            counts.instructions = total.trim().parse().map_err(|_| format!("not a total: {line:?}"))?;
        } else if line.starts_with(|first: char| first.is_ascii_digit()) {
            // The line behind `calls=` is what the call took inside.
            if std::mem::take(&mut of_a_call) {
                continue;
            }
            let bad = || format!("not a line and its cost: {line:?}");
            let (at, own) = line.split_once(' ').ok_or_else(bad)?;
            let (at, own): (u32, u64) = (at.parse().map_err(|_| bad())?, own.parse().map_err(|_| bad())?);
            *counts.functions.entry(function.clone()).or_default() += own;
            *counts.files.entry(file.clone()).or_default() += own;
            *counts.lines.entry((file.clone(), at)).or_default() += own;
        }
    }
    Ok(counts)
}

/// A library that is not ours, which is one thing here: what its functions are called depends on what else is installed.
fn foreign(object: &str) -> Option<String> {
    object.contains(".so").then(|| object.rsplit('/').next().unwrap_or(object).to_owned())
}

/// Readable, and without hashes.
fn short_function(mangled: &str) -> String {
    // Callgrind marks the levels of a recursion with an apostrophe and a number.
    let mangled = mangled.split('\'').next().unwrap_or(mangled);
    format!("{:#}", rustc_demangle::demangle(mangled))
}

/// A path as it is the same on every machine.
fn short_path(path: &str) -> String {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).and_then(Path::to_str).unwrap_or_default();
    if let Some(inside) = path.strip_prefix(tree) {
        return inside.trim_start_matches('/').to_owned();
    }
    if let Some((_, of_registry)) = path.split_once("/registry/src/") {
        return of_registry.split_once('/').map_or(of_registry, |(_, rest)| rest).to_owned();
    }
    match path.split_once("/library/") {
        Some((_, of_std)) => format!("library/{of_std}"),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile() {
        let tree = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().display().to_string();
        let text = format!(
            "events: Ir\n\nob=/here/program\nfl={tree}/core/src/cursor.rs\nfn=_ZN3put17h0123456789abcdefE\n10 3\n11 4\n\
             cob=/lib/libc.so.6\ncfi=???\ncfn=memcpy\ncalls=1 0\n12 100\n\
             fi=/home/me/.cargo/registry/src/index-1/subtle-2.6.1/src/lib.rs\n7 2\n\n\
             ob=/lib/libc.so.6\nfl=???\nfn=memcpy\n0 100\n\ntotals: 109\n"
        );
        let counts = read(&text).unwrap();
        let map = |pairs: &[(&str, u64)]| pairs.iter().map(|(name, own)| ((*name).to_owned(), *own)).collect();
        assert_eq!(counts.instructions, 109);
        assert_eq!(counts.functions, map(&[("put", 9), ("libc.so.6", 100)]));
        assert_eq!(counts.files, map(&[("core/src/cursor.rs", 7), ("subtle-2.6.1/src/lib.rs", 2), ("libc.so.6", 100)]));
        assert_eq!(counts.lines[&("core/src/cursor.rs".to_owned(), 11)], 4);
        assert_eq!(counts.functions.values().sum::<u64>(), counts.instructions);
    }
}
