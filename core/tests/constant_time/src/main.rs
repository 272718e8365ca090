//! One check or control for each name. `run`, in the folder above, starts them under Valgrind, each in a process of its own,
//! and judges what memcheck reports; this program sees to it that the verdicts are right.

mod checks;
mod controls;
mod secrecy;

const PARTS: [(&str, fn()); 18] = [
    ("backend", backend),
    ("equality", checks::equality),
    ("hashing", checks::hashing),
    ("search", checks::search),
    ("indexed-search", checks::indexed_search),
    ("indexed-verdict", checks::indexed_verdict),
    ("table-verify", checks::table_verify),
    ("verify", checks::verify),
    ("bearer", checks::bearer),
    ("verdict", checks::verdict),
    ("basic", checks::basic),
    ("basic-verdict", checks::basic_verdict),
    ("api-key", checks::api_key),
    ("eq-on-tokens", controls::eq_on_tokens),
    ("eq-on-digests", controls::eq_on_digests),
    ("early-exit", controls::early_exit),
    ("look-up", controls::look_up),
    ("mint", controls::mint),
];

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let part = PARTS.iter().find(|(name, _)| *name == wanted);
    part.unwrap_or_else(|| panic!("there is no part {wanted:?}: start core/tests/constant_time/run")).1();
}

/// Which code of `sha2` runs: it asks the processor, and the processor here is Valgrind's.
fn backend() {
    #[cfg(target_arch = "x86_64")]
    let instructions = is_x86_feature_detected!("sha") && is_x86_feature_detected!("sse4.1");
    #[cfg(target_arch = "aarch64")]
    let instructions = std::arch::is_aarch64_feature_detected!("sha2");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let instructions = false;
    let by = if instructions && !cfg!(sha2_backend = "soft") { "the processor's instructions" } else { "software" };
    println!("SHA-256 by {by}: all that this Valgrind and these settings offer");
}
