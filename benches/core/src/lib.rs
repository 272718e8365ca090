//! What the benchmarks of the core measure, and how things are measured by turns.
//!
//! The inputs are fixed and stand here alone, so that criterion, the budgets and the instruction counts mean the same by
//! one name.

#![forbid(unsafe_code)]

pub mod many;
pub mod outcome;
pub mod policies;
pub mod requests;
pub mod turns;

/// Whether everything is to be measured in minutes instead of an hour: `QUICK=1`.
pub fn quick() -> bool {
    std::env::var_os("QUICK").is_some_and(|value| value == "1")
}
