//! The committed counts, and what they were taken with.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::callgrind::{self, Counts};

#[derive(Debug, Serialize, Deserialize)]
pub struct Baseline {
    pub tools: Tools,
    pub operations: BTreeMap<String, Counts>,
}

/// What decides how many instructions a source text becomes.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tools {
    pub rustc: String,
    pub valgrind: String,
    /// It has a `memcpy` and an allocator.
    pub libc: String,
    pub processor: String,
}

impl Tools {
    /// Those of this machine.
    ///
    /// # Errors
    /// A sentence about what is missing.
    pub fn here() -> Result<Self, String> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        // Its last word is the version; what stands before is the distribution's.
        let libc = first_line("ldd".as_ref(), "--version").unwrap_or_default();
        let libc = libc.rsplit(' ').next().unwrap_or_default().to_owned();
        let rustc = first_line(&rustc, "--version")?;
        Ok(Self { rustc, valgrind: callgrind::version()?, libc, processor: processor().to_owned() })
    }
}

fn first_line(program: &OsStr, argument: &str) -> Result<String, String> {
    let output = Command::new(program).arg(argument).output();
    let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}

/// As far as the C library and its like choose their code by it.
fn processor() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        return "x86_64 with AVX2";
    }
    std::env::consts::ARCH
}

impl Baseline {
    fn file() -> PathBuf {
        [env!("CARGO_MANIFEST_DIR"), "baseline.json"].iter().collect()
    }

    /// # Errors
    /// The file is not there or cannot be read.
    pub fn load() -> Result<Self, String> {
        let text = std::fs::read_to_string(Self::file()).map_err(|error| {
            format!("benches/instructions/baseline.json: {error}. Make it with: make bench-baseline")
        })?;
        serde_json::from_str(&text).map_err(|error| {
            format!("benches/instructions/baseline.json: {error}. Make it anew with: make bench-baseline")
        })
    }

    /// # Errors
    /// The file cannot be written.
    pub fn save(&self) -> Result<(), String> {
        let text = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        std::fs::write(Self::file(), text + "\n")
            .map_err(|error| format!("benches/instructions/baseline.json: {error}"))
    }
}
